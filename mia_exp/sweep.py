"""Sweeps: reuse of finished jobs when a sweep is repeated, and the table of all jobs."""

import json
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from mia_exp.core.provenance import git_commit
from mia_exp.core.storage import remove_unfinished

# The results of a run. The page is written last: if it exists, the others do.
RESULTS = ("report.html", "metrics.json", "scores.parquet", "near_duplicates.csv")


def is_finished(folder: Path, settings: str) -> bool:
    """Whether a sweep that is repeated in its old folder can skip a job.

    Args:
        folder: The job's folder.
        settings: Its resolved configuration, as YAML.

    Returns:
        Whether its results are there, with the same settings, from the same commit without local changes.
    """
    if HydraConfig.get().mode is not RunMode.MULTIRUN or not all((folder / name).is_file() for name in RESULTS):
        return False
    try:
        if (folder / "config.yaml").read_text(encoding="utf-8") != settings:
            return False
        commit = json.loads((folder / "metrics.json").read_text())["provenance"]["git"]
    except (ValueError, TypeError, KeyError):
        # Damaged: the job is run again.
        return False
    return commit is not None and commit == git_commit() and not commit.endswith("-dirty")


def clear(folder: Path) -> None:
    """Removes the results of an earlier run, which could be mistaken for the next run's if that fails."""
    for name in RESULTS:
        (folder / name).unlink(missing_ok=True)
    for place in (folder, folder / "figures"):
        remove_unfinished(place)


def report_sweep(folder: Path, planned: int) -> None:
    """Writes and prints the table of a sweep's jobs, and how many are done.

    Args:
        folder: The sweep's folder.
        planned: Number of jobs.
    """
    if any(folder.glob("*/overrides.json")):
        # Imported here, since the report's libraries take seconds to load.
        from mia_exp.report import write_sweep_report

        remove_unfinished(folder)
        write_sweep_report(folder)
    done = [str(number) for number in range(planned) if (folder / str(number) / "metrics.json").is_file()]
    if len(done) < planned:
        which = f": {', '.join(done)}" if done else ""
        print(f"{len(done)} of {planned} jobs are done{which}", file=sys.stderr)  # noqa: T201
