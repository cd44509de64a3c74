"""The folders of runs and sweeps: one process has one, and nobody else writes into it meanwhile."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from mia_exp.errors import StorageError
from mia_exp.storage import what_lies_at

LOCK = ".lock"
# What a folder is named by that nobody chose.
BY_TIME = "${now:"


class ClaimFolder(Callback):
    """Makes the folder of the run or sweep that this process starts; Hydra calls it before the first job.

    A folder that is named by the time is made anew: where another process of the same second has it, the next
    name is taken. A folder that a person chose may be there already, and is gone on in.

    Attributes:
        sweep: The folder of the sweep that this process is at work on, or None.
    """

    sweep: Path | None = None
    _held = ExitStack()

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Called before a single run."""
        _claim(config, "run")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Called before a sweep."""
        folder = _claim(config, "sweep")
        ClaimFolder._held.enter_context(exclusive(folder))
        ClaimFolder.sweep = folder

    @classmethod
    def release(cls) -> None:
        """Leaves the sweep's folder to others."""
        cls.sweep = None
        cls._held.close()


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keeps other processes out of a folder while the block runs.

    Raises:
        StorageError: Another process is at work in it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StorageError(
            f"{folder}: another process is at work in this folder. Wait for it, or choose another folder with "
            "hydra.run.dir (of a sweep, hydra.sweep.dir)."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _claim(config: DictConfig, part: str) -> Path:
    """Makes `hydra.<part>.dir`, and writes there which folder it became."""
    node = config.hydra[part]
    named_by_time = BY_TIME in str(OmegaConf.to_container(node, resolve=False)["dir"])  # type: ignore[index, call-overload]
    wanted = Path(str(node.dir))
    for place in (*wanted.parents, wanted):
        if found := what_lies_at(place):
            raise StorageError(f"{place}: expected a folder for the run, found {found}. Set output_dir to another.")
    if not named_by_time:
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    claimed = _make_new(wanted)
    with read_write(config.hydra), open_dict(config.hydra):
        node.dir = str(claimed)
        # The jobs of a sweep are composed anew, from the overrides.
        config.hydra.overrides.hydra.append(f"hydra.{part}.dir={_quoted(str(claimed))}")
    return claimed


def _make_new(wanted: Path) -> Path:
    """Makes a folder that was not there: `wanted`, `wanted-2`, `wanted-3`, ..."""
    for number in count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")


def _quoted(text: str) -> str:
    """A value in the grammar of Hydra's overrides, where a backslash stands for itself but before a quote."""
    return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + found[2].replace("'", r"\'"), text) + "'"
