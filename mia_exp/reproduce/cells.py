"""What the experiments found: one cell a job."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A job of an experiment.

    Attributes:
        experiment: Its name.
        overrides: What sets the job apart, such as `{"dataset": "facades"}`.
        metrics: The content of its `metrics.json`; None where it has not finished.
    """

    experiment: str
    overrides: Mapping[str, str]
    metrics: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """`dataset=facades victim=pix2pix`."""
        return " ".join(f"{key}={value}" for key, value in self.overrides.items())

    def result(self, column: str) -> Mapping[str, Any] | None:
        """A column's entry in the results, an attack's or a blind one's; None where there is none."""
        if self.metrics is None:
            return None
        found: Mapping[str, Any] | None = self.metrics["attacks"].get(column) or self.metrics["blind"].get(column)
        return found

    def delta(self, name: str) -> Mapping[str, Any] | None:
        """A paired difference, such as `l_mem - l_rec`; None where there is none."""
        return None if self.metrics is None else self.metrics["deltas"].get(name)


def read_cells(folder: Path, experiments: Sequence[str]) -> list[Cell]:
    """Reads what `save_cells` kept; experiments that were not run are left out."""
    cells = []
    for experiment in experiments:
        path = folder / f"{experiment}.json"
        if path.is_file():
            jobs = json.loads(path.read_text())["jobs"]
            cells += [Cell(experiment, job["overrides"], job["metrics"]) for job in jobs]
    return cells


def save_cells(sweep: Path, experiment: str, folder: Path) -> list[Cell]:
    """Keeps what the jobs of a sweep found in `folder / experiment.json`.

    Args:
        sweep: The sweep's folder: a folder a job, with `overrides.json` and, if it finished, `metrics.json`.
        experiment: Its name.
        folder: Where results are kept.

    Returns:
        The cells, finished or not.
    """
    cells = list(_jobs(sweep, experiment))
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "schema": 1,
        "experiment": experiment,
        "jobs": [{"overrides": dict(cell.overrides), "metrics": cell.metrics} for cell in cells],
    }
    (folder / f"{experiment}.json").write_text(json.dumps(content, indent=1) + "\n")
    return cells


def _jobs(sweep: Path, experiment: str) -> Iterator[Cell]:
    for path in sorted(sweep.glob("*/overrides.json"), key=lambda path: int(path.parent.name)):
        words = [word.split("=", 1) for word in json.loads(path.read_text())]
        overrides = {key: value for key, value in words if key not in ("experiment", "scale")}
        metrics = path.with_name("metrics.json")
        yield Cell(experiment, overrides, json.loads(metrics.read_text()) if metrics.is_file() else None)
