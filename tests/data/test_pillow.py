"""What Pillow may open: formats, sizes, and files that somebody damaged or disguised."""

import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mia_exp
from mia_exp.core.errors import DataError
from mia_exp.data import pillow as opening
from mia_exp.data.image import decode
from mia_exp.data.labels import read_indices, read_numbers
from mia_exp.data.pillow import FORMATS, header_size

READERS = [decode, read_numbers, header_size]


def png(width: int, height: int, depth: int = 8, colour: int = 0, rows: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG by the specification's own words; its header may promise what the rows do not hold."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    )


EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(%pipe%touch started) (w) file\nshowpage\n"
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("content", [EPS, PDF, b"P", b"\0" * 64], ids=["eps", "pdf", "letter", "zeros"])
def test_a_format_that_no_ending_stands_for_starts_nothing(tmp_path, monkeypatch, read, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    # Ghostscript is found by its name on PATH: one that leaves a note if it is started.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "bin" / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(DataError, match=r"a\.png: expected an image.* formats BMP, GIF, .* found a file"):
        read(path)
    assert not (tmp_path / "started").exists()


def test_ghostscript_would_have_been_started(tmp_path, monkeypatch):
    # The same file, opened as Pillow does it unasked: the test above would see it.
    from PIL import EpsImagePlugin

    calls = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **options: calls.append(args))
    path = tmp_path / "a.png"
    path.write_bytes(EPS)
    with pytest.raises(Exception), Image.open(path) as image:  # noqa: B017
        image.load()
    assert calls
    calls.clear()
    with pytest.raises(DataError):
        decode(path)
    assert not calls


def test_pillow_opens_files_in_one_place():
    package = Path(mia_exp.__file__).parent
    sources = [path for part in ("data", "attacks", "pipeline") for path in (package / part).rglob("*.py")]
    calls = {
        path.name: re.findall(r"Image\.open\(.*", path.read_text())
        for path in sources
        if "Image.open(" in path.read_text()
    }
    assert set(calls) == {"pillow.py", "openmoji.py"}, "a dataset's files are opened by data/pillow.py alone"
    assert all("formats=" in call for lines in calls.values() for call in lines)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_read_as_its_ending_promises(tmp_path, format):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    path = tmp_path / f"a.{'tif' if format == 'TIFF' else format.lower()}"
    Image.fromarray(pixels).save(path, **({"lossless": True} if format == "WEBP" else {}))
    decoded, _ = decode(path)
    assert header_size(path) == (7, 9) and decoded.shape == (9, 7, 3)
    if format not in ("JPEG", "GIF"):
        assert np.array_equal(decoded, pixels)
    # By content and not by its ending, as before.
    disguised = shutil.copy(path, tmp_path / "b.jpg")
    assert np.array_equal(decode(disguised)[0], decoded)


@pytest.mark.parametrize("read", READERS)
def test_more_pixels_than_anybody_trains_on(tmp_path, read):
    path = tmp_path / "bomb.png"
    # 20,000 x 20,000 pixels in 50 kB: 1.2 GB once decoded.
    path.write_bytes(png(20_000, 20_000, depth=1, rows=bytes(2501 * 20_000)))
    assert path.stat().st_size < 60_000
    with pytest.raises(DataError, match=r"bomb\.png: expected an image of 178956970 pixels or fewer"):
        read(path)


@pytest.mark.parametrize("read", READERS)
def test_the_limit_is_exact(tmp_path, monkeypatch, read):
    path = tmp_path / "a.png"
    Image.new("L", (10, 10)).save(path)
    monkeypatch.setattr(opening, "MAX_PIXELS", 100)
    read(path)
    monkeypatch.setattr(opening, "MAX_PIXELS", 99)
    with pytest.raises(DataError, match=r"expected an image of 99 pixels or fewer"):
        read(path)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "content",
    [png(0, 4), png(4, 0), png(4, 4, depth=7), png(4, 4)[:20], b""],
    ids=["no width", "no height", "depth 7", "cut in its header", "empty"],
)
def test_a_header_that_makes_no_sense(tmp_path, read, content):
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"odd\.png: expected an image.*remove its pair\."):
        read(path)


RAISED = [
    struct.error("unpack requires 4 bytes"),
    OverflowError("too large"),
    MemoryError(),
    zlib.error("-3"),
    TypeError("not a number"),
    IndexError("out of range"),
    RecursionError("deep"),
    KeyError("tag"),
    EOFError(),
    AssertionError(),
    NotImplementedError("mode"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "wrong"),
]


@pytest.mark.parametrize("read", READERS[:2])
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_a_plugin_raises_is_a_sentence(tmp_path, monkeypatch, read, error):
    path = tmp_path / "a.png"
    Image.new("L", (4, 4)).save(path)

    def load(self):
        raise error

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(DataError, match=r"a\.png: expected an image.*that cannot be read \(.+\)\. Replace"):
        read(path)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_that_ends_in_nowhere(tmp_path):
    path = tmp_path / "a.jpg"
    # Orientation 6, and a directory that points far behind its end.
    exif = (
        b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x69\x87\x04\0\x01\0\0\0\xff\xff\xff\x7f"
    )
    Image.new("RGB", (8, 4)).save(path, exif=exif)
    assert decode(path)[0].shape == (8, 4, 3)


@pytest.mark.parametrize("read", [decode, header_size])
def test_exif_that_pillow_gives_up_on(tmp_path, monkeypatch, read):
    def getexif(self):
        raise struct.error("unpack requires 4 bytes")

    monkeypatch.setattr(Image.Image, "getexif", getexif)
    Image.new("RGB", (8, 4)).save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg: expected an image.*unpack requires 4 bytes"):
        read(tmp_path / "a.jpg")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_a_header_says_the_size_that_decoding_finds(tmp_path, ending, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{ending}"
    Image.new("RGB", (12, 8)).save(path, exif=exif)
    assert header_size(path) == decode(path)[0].shape[1::-1]


def test_numbers_that_are_none(tmp_path):
    path = tmp_path / "a.tif"
    for values, message in (
        ([[0.5, 1.0]], "integers, found other numbers"),
        ([[np.nan, 1.0]], "integers, found other numbers"),
        ([[1e30, 1.0]], "integers, found other numbers"),
    ):
        Image.fromarray(np.array(values, np.float32)).save(path)
        with pytest.raises(DataError, match=rf"a\.tif: expected an image of {message}"):
            read_numbers(path)
    Image.fromarray(np.array([[-1, 1]], np.int32)).save(path)
    with pytest.raises(DataError, match=r"a\.tif: expected class numbers from 0 to 2 .* found -1 in 1 pixels"):
        read_indices(path, 3)
