"""The folders of runs and sweeps, each used by one process at a time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from mia_exp.core.errors import StorageError
from mia_exp.core.storage import describe_non_folder

LOCK = ".lock"


def claim(wanted: Path, named_by_time: bool) -> Path:
    """Creates the folder of a run or a sweep.

    Args:
        wanted: Its path.
        named_by_time: Whether it has the default name: then a new folder is created, `wanted-2`, `wanted-3`, ... if
            another process created the same name in the same second. A folder chosen by the user may already exist,
            and is used again.

    Returns:
        The folder.

    Raises:
        StorageError: The path exists and is not a folder.
    """
    for place in (*wanted.parents, wanted):
        if found := describe_non_folder(place):
            raise StorageError(f"{place}: expected a folder for the run, found {found}. Set output_dir to another.")
    if not named_by_time:
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keeps other processes out of a folder while the block runs.

    Raises:
        StorageError: Another process is using it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StorageError(
            f"{folder}: another process is using this folder. Wait for it, or choose another folder with "
            "hydra.run.dir (of a sweep, hydra.sweep.dir)."
        ) from error
    try:
        yield
    finally:
        lock.release()


def quoted(text: str) -> str:
    """A value quoted for Hydra's overrides, in which a backslash is an escape only before a quote."""
    return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + found[2].replace("'", r"\'"), text) + "'"
