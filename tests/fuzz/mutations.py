"""Damage to files: pure functions of a file's bytes and a generator of random numbers."""

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator
Mutation = Callable[[bytes, Random], bytes]

# Bytes that parsers take for something: ends, signs, lengths, quotes.
TELLING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\n", b"\r", b",", b'"', b"-", b"{", b"}", b"[", b"9" * 12)
# Text that tables and JSON do not expect.
WORDS = (
    *(
        "",
        ",",
        ",,,,",
        "nan",
        "-inf",
        "1e999",
        "-1",
        "1e300",
        "9" * 400,
        "0x10",
        "\0",
        "\ufeff",
        "\u2028",
        '"',
        "'",
    ),
    *("\t", " ", "\r", "é", "\ud800", "../..", "1_0", "٣", "name,score", ",0,1,2", "0,1", "#", "x" * 300),
)
# Whole numbers that headers do not expect, in 1, 2, 4 and 8 bytes.
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def flip_bits(content: bytes, rng: Random) -> bytes:
    """Turns over one to eight bits."""
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 9)) if content else 0):
        damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def cut(content: bytes, rng: Random) -> bytes:
    """Takes a piece out, or the end off."""
    start, stop = _span(content, rng)
    return content[:start] + (content[stop:] if rng.random() < 0.5 else b"")


def insert(content: bytes, rng: Random) -> bytes:
    """Puts bytes in: random ones, or telling ones again and again."""
    place = int(rng.integers(len(content) + 1))
    piece = rng.bytes(int(rng.integers(1, 40)))
    if rng.random() < 0.5:
        piece = TELLING[int(rng.integers(len(TELLING)))] * int(rng.integers(1, 40))
    return content[:place] + piece + content[place:]


def splice(content: bytes, rng: Random) -> bytes:
    """Copies a piece of the file over another place of it."""
    start, stop = _span(content, rng)
    place = int(rng.integers(len(content) + 1))
    return content[:place] + content[start:stop] + content[place + (stop - start) * int(rng.integers(2)) :]


def overwrite_number(content: bytes, rng: Random) -> bytes:
    """Writes a number that is too small or too large, mostly near the beginning, where lengths stand."""
    width = int(rng.choice([1, 2, 4, 8]))
    if len(content) < width:
        return content
    number = NUMBERS[int(rng.integers(len(NUMBERS)))] % 256**width
    reach = len(content) - width + 1
    place = int(rng.integers(reach if rng.random() < 0.4 else min(reach, 64)))
    order = "little" if rng.random() < 0.5 else "big"
    return content[:place] + number.to_bytes(width, order) + content[place + width :]


def mutate_text(content: bytes, rng: Random) -> bytes:
    """Changes a cell, or a line: replaced, doubled, moved or removed."""
    text = content.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    row = int(rng.integers(len(lines)))
    choice = int(rng.integers(6))
    if choice <= 2:
        cells = lines[row].split(",")
        cells[int(rng.integers(len(cells)))] = WORDS[int(rng.integers(len(WORDS)))]
        lines[row] = ",".join(cells)
    elif choice == 3:
        lines.insert(int(rng.integers(len(lines) + 1)), lines[row])
    elif choice == 4:
        lines.insert(row, WORDS[int(rng.integers(len(WORDS)))])
    else:
        lines[row] = "".join(rng.permutation(list(lines[row])))
    return "\n".join(lines).encode("utf-8", "surrogatepass" if rng.random() < 0.5 else "backslashreplace")


def mutate_json(content: bytes, rng: Random) -> bytes:
    """Replaces, removes or adds a value of a JSON text, at any depth; what is no JSON has bits turned over."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return flip_bits(content, rng)
    return json.dumps(_changed(value, rng)).encode()


def mutate_header(content: bytes, rng: Random) -> bytes:
    """Changes the JSON header of a safetensors file, whose first eight bytes are its length.

    That is a tensor's shape, type or place, or what this package wrote there, which is JSON within JSON.
    """
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        about = header["__metadata__"]
        name = sorted(about)[int(rng.integers(len(about)))]
        inner = str(about[name])
    except (ValueError, KeyError, TypeError, RecursionError):
        return overwrite_number(content, rng)
    if rng.random() < 0.6:
        if inner.startswith("{") and rng.random() < 0.9:
            about[name] = mutate_json(inner.encode(), rng).decode()
        elif rng.random() < 0.5:
            del about[name]
        else:
            about[name] = WORDS[int(rng.integers(len(WORDS)))].encode("utf-8", "replace").decode()
    else:
        header = _changed(header, rng)
    written = json.dumps(header).encode()
    data = content[8 + length :]
    return len(written).to_bytes(8, "little") + written + data


def mutate_tensor(content: bytes, rng: Random) -> bytes:
    """Puts a number that is none, or an infinite one, among a safetensors file's values."""
    length = int.from_bytes(content[:8], "little")
    start = 8 + length
    if len(content) < start + 8:
        return content
    value = struct.pack("<d" if rng.random() < 0.5 else "<f", rng.choice([np.nan, np.inf, -np.inf, 1e30, -1.0]))
    place = start + int(rng.integers((len(content) - start) // len(value))) * len(value)
    return content[:place] + value + content[place + len(value) :]


def mutate_png(content: bytes, rng: Random) -> bytes:
    """Changes a PNG's chunk and mends its checksum, so that the damage gets through to the decoder."""
    if not content.startswith(b"\x89PNG"):
        return overwrite_number(content, rng)
    chunks, place = [], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append([content[place + 4 : place + 8], content[place + 8 : place + 8 + length]])
        place += 12 + length
    if not chunks:
        return overwrite_number(content, rng)
    chunk = chunks[int(rng.integers(len(chunks)))]
    chunk[1] = [flip_bits, cut, insert, overwrite_number][int(rng.integers(4))](chunk[1], rng)
    if rng.random() < 0.2:
        chunk[0] = [b"tRNS", b"PLTE", b"eXIf", b"iTXt", b"zTXt", b"iCCP", b"acTL", b"fdAT"][int(rng.integers(8))]
    pieces = [
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in chunks
    ]
    return content[:8] + b"".join(pieces)


BYTES: tuple[Mutation, ...] = (flip_bits, cut, insert, splice, overwrite_number)


def mutated(content: bytes, rng: Random, mutations: tuple[Mutation, ...]) -> bytes:
    """Applies one to three mutations, one mostly."""
    for _ in range(1 + int(rng.geometric(0.6)) if rng.random() < 0.3 else 1):
        content = mutations[int(rng.integers(len(mutations)))](content, rng)
    return content


def _span(content: bytes, rng: Random) -> tuple[int, int]:
    start = int(rng.integers(len(content) + 1))
    length = int(rng.integers(1, 33)) if rng.random() < 0.7 else int(rng.integers(len(content) + 1))
    return start, min(len(content), start + length)


def _changed(value: Any, rng: Random) -> Any:
    """A value with one thing in it, or itself, replaced."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = sorted(value)[int(rng.integers(len(value)))]
        choice = rng.random()
        if choice < 0.15:
            return {key: item for key, item in value.items() if key != name}
        if choice < 0.25:
            return {**value, str(_absurd(rng)): _absurd(rng)}
        return {**value, name: _changed(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        row = int(rng.integers(len(value)))
        choice = rng.random()
        if choice < 0.3:
            return value[:row] + value[row + 1 :]
        if choice < 0.4:
            return [*value, value[row]]
        return [*value[:row], _changed(value[row], rng), *value[row + 1 :]]
    return _absurd(rng)


def _absurd(rng: Random) -> Any:
    values: tuple[Any, ...] = (
        *(None, True, False, 0, 1, -1, 2, 3, 64, 0.5, 1e9, 10**9, -(10**9), 2**31, 2**63, 10**400, 1e-300),
        *(float("nan"), float("inf"), "", "x", "64", "unet", "residual", "\0", "\ud800", "../x", "x" * 5000, "F16"),
        *([], {}, [[]], [0], [-1, 2], [10**9, 10**9], {"a": 1}, [[0, 0, 0]] * 300, [[256, 0, 0]], [["a"]]),
    )
    return values[int(rng.integers(len(values)))]
