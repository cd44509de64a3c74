"""Sweeps: reuse of finished jobs when a sweep is repeated, and the table of all jobs."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from mia_exp.core.errors import ConfigError
from mia_exp.core.provenance import git_commit
from mia_exp.core.storage import remove_unfinished

# What a run leaves, in the reverse of the order in which it is written: where `metrics.json` is, all numbers are.
NUMBERS = ("metrics.json", "near_duplicates.csv", "scores.parquet")


def is_finished(folder: Path, settings: str) -> bool:
    """Whether a sweep that is repeated in its old folder can skip a job.

    Args:
        folder: The job's folder.
        settings: Its resolved configuration, as YAML.

    Returns:
        Whether its results are there, with the same settings, from the same commit without local changes.
    """
    if HydraConfig.get().mode is not RunMode.MULTIRUN or not all((folder / name).is_file() for name in NUMBERS):
        return False
    try:
        if (folder / "config.yaml").read_text(encoding="utf-8") != settings:
            return False
        commit = json.loads((folder / "metrics.json").read_text())["provenance"]["git"]
    except (ValueError, TypeError, KeyError):
        # Damaged: the job is run again.
        return False
    return commit is not None and commit == git_commit() and not commit.endswith("-dirty")


def objective(metrics: Mapping[str, Any], path: str) -> float:
    """The number that a sweeper optimises.

    Args:
        metrics: What a run found.
        path: Where in them it stands, such as `attacks.l_mem.auc`; empty for the AUC of the attack's own column.

    Raises:
        ConfigError: No number stands there.
    """
    part = "attacks" if metrics["headline"] in metrics["attacks"] else "blind"
    node = _value_at(metrics, path or f"{part}.{metrics['headline']}.auc")
    if isinstance(node, bool) or not isinstance(node, int | float):
        numbers = ", ".join(f"attacks.{name}.auc" for name in metrics["attacks"])
        raise ConfigError(f"objective={path}: metrics.json has no number there; expected one, such as {numbers}")
    return float(node)


def _value_at(node: Any, path: str) -> Any:
    """What stands at a path; a key that has dots itself, such as `0.01`, may be the last. None for nothing."""
    if not isinstance(node, Mapping):
        return None
    if path in node:
        return node[path]
    name, _, rest = path.partition(".")
    return _value_at(node.get(name), rest) if rest else None


def clear(folder: Path) -> None:
    """Removes the results of an earlier run from its folder: they would pass for the next one's if it failed."""
    for name in ("report.html", *NUMBERS):
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
        # Imported here: the report's libraries take seconds to load.
        from mia_exp.report.sweep_folder import write_sweep_report

        remove_unfinished(folder)
        write_sweep_report(folder)
        print(f"pages of its jobs: mia-exp report {folder}")  # noqa: T201
    done = [str(number) for number in range(planned) if (folder / str(number) / "metrics.json").is_file()]
    if len(done) < planned:
        which = f": {', '.join(done)}" if done else ""
        print(f"{len(done)} of {planned} jobs are done{which}", file=sys.stderr)  # noqa: T201
