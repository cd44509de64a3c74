"""What a job of a sweep left in its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """One job of a sweep.

    Attributes:
        name: Its folder's name, a number.
        overrides: Its overrides, such as `attack=ours`.
    """

    name: str
    overrides: list[str]


@dataclass(frozen=True)
class FinishedJob(Job):
    """A job with results.

    Attributes:
        metrics: The content of its `metrics.json`.
    """

    metrics: Mapping[str, Any]


def read_job(folder: Path) -> Job | None:
    """Reads a job's folder; None if no job was started in it."""
    overrides, metrics = folder / "overrides.json", folder / "metrics.json"
    if not overrides.is_file():
        return None
    started = Job(folder.name, json.loads(overrides.read_text()))
    if not metrics.is_file():
        return started
    return FinishedJob(**vars(started), metrics=json.loads(metrics.read_text()))
