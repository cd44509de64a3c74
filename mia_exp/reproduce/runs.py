"""The results of the experiments: one run per job, with its numbers and each image's scores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_exp.core.column import Column
from mia_exp.core.storage import atomic_write
from mia_exp.data import Split
from mia_exp.report.job_folder import FinishedJob, read_job

SCHEMA = 2
# What all jobs of an experiment have in common is written once.
SHARED = ("columns", "scale")
# The errors of each epoch, and by stage what `device` and `git` say of the whole run.
UNUSED = ("training", "devices", "commits")
# A statistic that no claim is about.
UNSCORED = "file_size"
# The column of a score table that is no score.
MEMBER = "member"


@dataclass(frozen=True)
class Run:
    """A job of an experiment.

    Attributes:
        experiment: Its name.
        overrides: The overrides of the job, such as `{"dataset": "facades"}`.
        metrics: The content of its `metrics.json`; None if it has not finished.
        number: Its number in the experiment.
        folder: The folder of the results.
    """

    experiment: str
    overrides: Mapping[str, str]
    metrics: Mapping[str, Any] | None
    number: int
    folder: Path

    @property
    def name(self) -> str:
        """`dataset=facades victim=pix2pix`."""
        return " ".join(f"{key}={value}" for key, value in self.overrides.items())

    @property
    def about(self) -> Mapping[str, Any]:
        """The content of `metrics.json` of a run that has finished."""
        assert self.metrics is not None
        return self.metrics

    @property
    def seed(self) -> int:
        """The seed of its split; that of its victim is the same."""
        return int(self.about["split"]["seed"])

    def setting(self, name: str) -> Any:
        """The value of a setting, such as `defense.sigma`; None if the run has no such setting."""
        value: Any = self.about
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Its columns, by name."""
        return {name: Column(**described) for name, described in self.about["columns"].items()}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per evaluated image, the index, sorted: `member` and the scores, rounded to float32."""
        table = _score_tables(self.folder, self.experiment)
        own: pd.DataFrame = table.loc[table["job"] == self.number].drop(columns="job").set_index("id")
        return own.dropna(axis=1, how="all").sort_index()


def read_runs(folder: Path, experiments: Sequence[str]) -> list[Run]:
    """Reads the results that `save_runs` wrote; experiments that were not run are skipped."""
    runs = []
    for experiment in experiments:
        path = folder / f"{experiment}.json"
        if path.is_file():
            content = json.loads(path.read_text())
            for number, job in enumerate(content["jobs"]):
                metrics = job["metrics"] and {**job["metrics"], **content["shared"]}
                runs.append(Run(experiment, job["overrides"], metrics, number, folder))
    return runs


def save_runs(
    sweep: Path, experiment: str, planned: Sequence[Sequence[str]], folder: Path, artifacts: Path
) -> list[Run]:
    """Saves the results of a sweep's jobs to `folder / experiment.json` and their scores to `folder / scores`.

    Args:
        sweep: The sweep's folder: one folder per job, named by its number, with `overrides.json` and, if it
            finished, `metrics.json` and `scores.parquet`. Results of other, earlier jobs are ignored.
        experiment: Its name.
        planned: The overrides of each job.
        folder: The folder of the results.
        artifacts: The folder of the runs' stages.

    Returns:
        The runs, finished or not.
    """
    runs = [_run(sweep / str(number), experiment, words, number, folder) for number, words in enumerate(planned)]
    finished = [run for run in runs if run.metrics is not None]
    shared: dict[str, Any] = {"columns": {}}
    for run in finished:
        shared["columns"] |= run.about["columns"]
        shared["scale"] = run.about["scale"]
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / f"{experiment}.json") as path:
        path.write_text(_as_json(experiment, shared, runs))
    if finished:
        tables = [_scores(sweep / str(run.number), run, artifacts) for run in finished]
        (folder / "scores").mkdir(exist_ok=True)
        with atomic_write(_scores_file(folder, experiment)) as path:
            joined = pd.concat(tables, ignore_index=True).astype({"id": "category"})
            joined.to_parquet(path, index=False, compression="zstd")
    return runs


def backbone_of(metrics: Mapping[str, Any]) -> str:
    """The backbone of a run."""
    return str(metrics["features"]["kind"])


def _as_json(experiment: str, shared: Mapping[str, Any], runs: Sequence[Run]) -> str:
    """The content of the results file: a line per job, so that a changed job is a changed line."""
    head = json.dumps({"schema": SCHEMA, "experiment": experiment, "shared": shared}, indent=1)[:-2]
    jobs = [
        json.dumps({"overrides": dict(run.overrides), "metrics": run.metrics and _kept(run.metrics)})
        for run in runs
    ]
    return head + ',\n "jobs": [\n' + ",\n".join(jobs) + "\n ]\n}\n"


def _kept(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What is written of each job: without what is shared, and without what no claim, table or figure needs."""
    kept = {key: value for key, value in metrics.items() if key not in (*SHARED, *UNUSED)}
    provenance = {key: value for key, value in metrics["provenance"].items() if key not in UNUSED}
    return {**kept, "provenance": provenance}


def _run(folder: Path, experiment: str, words: Sequence[str], number: int, results: Path) -> Run:
    pairs = dict(word.split("=", 1) for word in words)
    overrides = {key: value for key, value in pairs.items() if key not in ("experiment", "scale")}
    job = read_job(folder)
    # Their order is not the same on every command line.
    if isinstance(job, FinishedJob) and set(job.overrides) == set(words):
        return Run(experiment, overrides, job.metrics, number, results)
    return Run(experiment, overrides, None, number, results)


def _scores(folder: Path, run: Run, artifacts: Path) -> pd.DataFrame:
    """The scores of a run in its folder, with which images are members."""
    table = pd.read_parquet(folder / "scores.parquet").drop(columns=UNSCORED, errors="ignore")
    key = run.about["provenance"]["keys"]["split"]
    split = Split.from_json((artifacts / "split" / key[:20] / "split.json").read_bytes())
    scores = table.astype({name: np.float32 for name in table.columns if name != "id"})
    scores.insert(0, "job", run.number)
    scores.insert(2, MEMBER, scores["id"].isin(split.members))
    return scores


def _scores_file(folder: Path, experiment: str) -> Path:
    return folder / "scores" / f"{experiment}.parquet"


@lru_cache(maxsize=64)
def _read_scores(path: Path, changed: int) -> pd.DataFrame:
    return pd.read_parquet(path).astype({"id": str})


def _score_tables(folder: Path, experiment: str) -> pd.DataFrame:
    path = _scores_file(folder, experiment)
    return _read_scores(path, path.stat().st_mtime_ns)
