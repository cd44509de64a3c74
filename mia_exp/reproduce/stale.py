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
    """Prints the runs with stale stages; returns whether there are any."""
    console, found = plain_console(), stale(folder)
    for name, stages in found.items():
        console.print(f"stale  {name}: {', '.join(stages)}", soft_wrap=True)
    if not found:
        console.print(f"{folder}: all results are of the stages' present versions")
    return bool(found)


def stale(folder: Path) -> dict[str, list[str]]:
    """The experiments with runs whose stages have another version than the code's, and these stages.

    Args:
        folder: The results of one scale.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.json")):
        for run in read_runs(folder, [path.stem]):
            if run.metrics is not None:
                recorded = run.about["provenance"]["stage_versions"]
                present = _versions(run.about["scale"], tuple(_words(run)))
                changed = {name for name, version in recorded.items() if present.get(name, version) != version}
                found.setdefault(path.stem, []).extend(sorted(changed - set(found.get(path.stem, []))))
    return {name: stages for name, stages in found.items() if stages}


def _words(run: Run) -> list[str]:
    kept = [f"{key}={value}" for key, value in run.overrides.items() if key not in LEFT_OUT]
    return [*kept, *STAND_IN]


@lru_cache
def _versions(scale: str, words: tuple[str, ...]) -> Mapping[str, int]:
    """The versions of the stages that a job would have; empty if it cannot be planned here."""
    try:
        [job] = read_command([*words, f"scale={scale}"]).jobs
        return {name: stage.version for name, stage in Pipeline(job.config).stages.items()}
    except MiaError:
        return {}
