"""Damaged files of every kind: what comes out is a value or an error of this package, soon, and in little memory.

`make fuzz` reads 2,000 of each. A failure names its numbers; one of them is read again, alone, with

    MIA_EXP_FUZZ_SEEDS=17 python -m pytest tests/fuzz/test_fuzz.py -k images

and belongs into `KEPT` once it is mended.
"""

import gc
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mia_exp.core.errors import DataError, MiaError
from tests.fuzz.mutations import flip_bits
from tests.fuzz.targets import TARGETS, Target

COUNT = int(os.environ.get("MIA_EXP_FUZZ", "100"))
SEEDS = [int(seed) for seed in os.environ.get("MIA_EXP_FUZZ_SEEDS", "").split(",") if seed]
SECONDS = 5.0
# Above what the process had before: imports that a first file asks for are among it.
MEGABYTES = 1000
# What an error shows of the failures.
MAX_LISTED = 5
# Numbers behind the first 100 that failed once, by target: what Pillow's plugins raised, images of too many pixels,
# landmarks that took ten seconds to draw, a message of 5,000 letters. They stand for the same files as long as
# mutations and valid files stay as they are.
KEPT = {
    "side_by_side": [750],
    "label_maps": [247, 394, 509, 628],
    "instance_maps": [108, 316, 1004],
    "landmarks": [886, 892, 1319, 1607],
    "split": [738, 2974, 3730],
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are slower on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    target = TARGETS[name](tmp_path)
    for content in target.seeds[: target.valid]:
        target.read(content)
    failures = attacked(name, target, SEEDS or [*KEPT.get(name, []), *range(COUNT)])
    assert not failures, f"{len(failures)} failed, such as\n\n" + "\n".join(failures[:MAX_LISTED])


def attacked(name: str, target: Target, seeds: list[int]) -> list[str]:
    """Reads the damaged file of each number; returns what went wrong."""
    failures = []
    for seed in seeds:
        wrong = read_once(target.read, target.content(name, seed))
        if wrong is not None:
            failures.append(f"MIA_EXP_FUZZ_SEEDS={seed} ... -k {name}\n{wrong}")
    return failures


def read_once(read: Callable[[bytes], object], content: bytes) -> str | None:
    """What is wrong with how a reader takes a content, if anything."""
    before = peak_megabytes(anew=True)
    started = time.perf_counter()
    try:
        read(content)
    except MiaError as error:
        message = str(error)
        if not message.isprintable():
            return f"a message that cannot be printed in one line: {message!r}"
        if not message or len(message) > 2000:
            return f"a message of {len(message)} characters: {message[:200]}"
    except Exception:  # noqa: BLE001 - what it is, is what is asked
        return traceback.format_exc(limit=-4)
    taken, grown = time.perf_counter() - started, peak_megabytes() - before
    if taken > SECONDS:
        return f"took {taken:.1f} s"
    return f"took {grown:.0f} MB" if grown > MEGABYTES else None


def peak_megabytes(anew: bool = False) -> float:
    """The most memory that this process has held since it was last asked anew; 0 where nobody can say."""
    try:
        if anew:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    return next(float(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


def refuse(content: bytes) -> None:
    raise DataError("a sentence")


def fail(content: bytes) -> None:
    raise ValueError("not a sentence")


class RawError(MiaError):
    """Says its message as it is, where this package's errors write escapes for what cannot be printed."""

    __str__ = Exception.__str__


def whisper(content: bytes) -> None:
    raise RawError("caf\udce9")


def hoard(content: bytes) -> None:
    np.ones(4 * 10**7)


def dawdle(content: bytes) -> None:
    time.sleep(0.05)


def test_the_harness_itself_fails_where_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target([b"abcdefgh"], (flip_bits,), refuse)
    assert attacked("any", target, [0, 1]) == []
    found = attacked("any", Target([b"abcdefgh"], (flip_bits,), fail), [3, 5])
    assert len(found) == 2 and "MIA_EXP_FUZZ_SEEDS=5" in found[1] and "ValueError: not a sentence" in found[1]
    assert "cannot be printed" in (read_once(whisper, b"") or "")
    monkeypatch.setattr("tests.fuzz.test_fuzz.SECONDS", 0.01)
    assert "took 0." in (read_once(dawdle, b"") or "")
    monkeypatch.undo()
    monkeypatch.setattr("tests.fuzz.test_fuzz.MEGABYTES", 40)
    # What other tests left would be freed meanwhile, and hide what is taken.
    gc.collect()
    if peak_megabytes(anew=True):
        assert "MB" in (read_once(hoard, b"") or "")


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "resume_point"])
def test_a_number_stands_for_the_same_file_and_mostly_for_a_damaged_one(name: str, tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        target = TARGETS[name](folder)
        contents.append([target.content(name, seed) for seed in range(40)])
    assert contents[0] == contents[1]
    assert sum(content in target.seeds for content in contents[0]) <= 6
