"""Results that the code would not make any more: of a stage whose version has changed since."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from mia_exp.config.command_line import read_command
from mia_exp.core.errors import MiaError
from mia_exp.core.terminal import plain_console
from mia_exp.pipeline import Pipeline
from mia_exp.reproduce.runs import Run, read_runs

# Planned instead of an experiment's own dataset, which need not be here; it has the same stages.
STAND_IN = ("dataset=openmoji", "split=random", "split.n_members=100", "split.n_shadow=100", "shadow.n_pairs=100")
# What an experiment sets that has no part in which stages there are.
LEFT_OUT = ("dataset", "split", "seed", "shadow.n_pairs", "query.epoch", "shadow.dataset")


def print_stale(folder: Path) -> bool:
    """Prints the experiments with stale stages, and those that cannot be checked here; whether any is stale."""
    console, found = plain_console(), stale(folder)
    for name, stages in found.items():
        console.print(f"stale  {name}: {', '.join(stages)}", soft_wrap=True)
    unchecked = unplanned(folder)
    for name, reason in unchecked.items():
        console.print(f"not checked  {name}: {reason}", soft_wrap=True)
    if not found:
        console.print(
            f"{folder}: no result is of a stage's older version" + (" among the others" if unchecked else "")
        )
    return bool(found)


def stale(folder: Path) -> dict[str, list[str]]:
    """The experiments with runs whose stages are not the code's, and these stages: of another version, or gone.

    Args:
        folder: The results of one scale.
    """
    found: dict[str, set[str]] = {}
    for run in _finished(folder):
        present = _versions(run.about["scale"], _words(run))
        if not isinstance(present, str):
            recorded = run.about["provenance"]["stage_versions"]
            changed = {name for name, version in recorded.items() if present.get(name) != version}
            found.setdefault(run.experiment, set()).update(changed)
    return {name: sorted(stages) for name, stages in found.items() if stages}


def unplanned(folder: Path) -> dict[str, str]:
    """The experiments whose jobs cannot be planned on this machine, and why."""
    reasons = {run.experiment: _versions(run.about["scale"], _words(run)) for run in _finished(folder)}
    return {name: reason for name, reason in reasons.items() if isinstance(reason, str)}


def _finished(folder: Path) -> list[Run]:
    runs = read_runs(folder, [path.stem for path in sorted(folder.glob("*.json"))])
    return [run for run in runs if run.metrics is not None]


def _words(run: Run) -> tuple[str, ...]:
    kept = [f"{key}={value}" for key, value in run.overrides.items() if key not in LEFT_OUT]
    return (*kept, *STAND_IN)


@lru_cache
def _versions(scale: str, words: tuple[str, ...]) -> Mapping[str, int] | str:
    """The versions of the stages that a job would have, by role; or why it cannot be planned here."""
    try:
        [job] = read_command([*words, f"scale={scale}"]).jobs
        return {name: stage.version for name, stage in Pipeline(job.config).stages.items()}
    except MiaError as error:
        return str(error)
