"""The results of the experiments: one cell per job."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia_exp.core.storage import atomic_write
from mia_exp.report.job_folder import FinishedJob, read_job


@dataclass(frozen=True)
class Cell:
    """A job of an experiment.

    Attributes:
        experiment: Its name.
        overrides: The overrides of the job, such as `{"dataset": "facades"}`.
        metrics: The content of its `metrics.json`; None if it has not finished.
    """

    experiment: str
    overrides: Mapping[str, str]
    metrics: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """`dataset=facades victim=pix2pix`."""
        return " ".join(f"{key}={value}" for key, value in self.overrides.items())

    def result(self, column: str) -> Mapping[str, Any] | None:
        """A column's entry in the results, of an attack or a blind column; None if there is none."""
        if self.metrics is None:
            return None
        found: Mapping[str, Any] | None = self.metrics["attacks"].get(column) or self.metrics["blind"].get(column)
        return found

    def delta(self, name: str) -> Mapping[str, Any] | None:
        """A paired difference, such as `l_mem - l_rec`; None if there is none."""
        return None if self.metrics is None else self.metrics["deltas"].get(name)


def backbone_of(metrics: Mapping[str, Any]) -> str:
    """The backbone of a run; older results have it under `backbone` instead of `kind`."""
    features = metrics["features"]
    return str(features["kind"] if "kind" in features else features["backbone"])


def read_cells(folder: Path, experiments: Sequence[str]) -> list[Cell]:
    """Reads the results that `save_cells` wrote; experiments that were not run are skipped."""
    cells = []
    for experiment in experiments:
        path = folder / f"{experiment}.json"
        if path.is_file():
            jobs = json.loads(path.read_text())["jobs"]
            cells += [Cell(experiment, job["overrides"], job["metrics"]) for job in jobs]
    return cells


def save_cells(sweep: Path, experiment: str, planned: Sequence[Sequence[str]], folder: Path) -> list[Cell]:
    """Saves the results of a sweep's jobs to `folder / experiment.json`.

    Args:
        sweep: The sweep's folder: one folder per job, named by its number, with `overrides.json` and, if it
            finished, `metrics.json`. Results of other, earlier jobs are ignored.
        experiment: Its name.
        planned: The overrides of each job.
        folder: The folder of the results.

    Returns:
        The cells, finished or not.
    """
    cells = [_cell(sweep / str(number), experiment, words) for number, words in enumerate(planned)]
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "schema": 1,
        "experiment": experiment,
        "jobs": [{"overrides": dict(cell.overrides), "metrics": cell.metrics} for cell in cells],
    }
    with atomic_write(folder / f"{experiment}.json") as path:
        path.write_text(json.dumps(content, indent=1) + "\n")
    return cells


def _cell(folder: Path, experiment: str, words: Sequence[str]) -> Cell:
    pairs = dict(word.split("=", 1) for word in words)
    overrides = {key: value for key, value in pairs.items() if key not in ("experiment", "scale")}
    job = read_job(folder)
    if isinstance(job, FinishedJob) and set(job.overrides) == set(words):
        return Cell(experiment, overrides, job.metrics)
    return Cell(experiment, overrides, None)
