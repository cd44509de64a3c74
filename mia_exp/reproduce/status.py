"""The status of each item: done, cached and missing stages, and the expected run time."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from rich.table import Table

from mia_exp.config.command_line import read_command
from mia_exp.core.errors import MiaError
from mia_exp.core.terminal import plain_console
from mia_exp.pipeline import Pipeline
from mia_exp.reproduce.catalogue import ITEMS, Item
from mia_exp.reproduce.cells import read_cells

# Minimum width, since a narrower table would wrap if the output is not a terminal.
COLUMNS = 120
# Stages that take less in total, in seconds, are counted but not named.
SHORT = 60
CAPTION = (
    "About: the sequential time of the jobs, estimated from the same stages in results/ (or from stages of the "
    "same name); at scale=cpu, `make` runs two jobs at a time, which halves it. Items share stages: those of one "
    "are cached for the next."
)


@dataclass
class _Needs:
    """What an item's jobs need.

    Attributes:
        jobs: Number of jobs.
        cached: The keys of cached stages.
        made: The missing stages, by key.
        absent: Missing requirements, as text.
    """

    jobs: int = 0
    cached: set[str] = field(default_factory=set)
    made: "dict[str, _Missing]" = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Missing:
    """A missing stage, and the seconds that it took before; None if unknown."""

    name: str
    seconds: float | None


class _Costs:
    """The run times of stages in `results`, by job, since a later commit may change keys."""

    def __init__(self, results: Path) -> None:
        self._by_job: dict[tuple[str, frozenset[str]], dict[str, float]] = {}
        taken: dict[str, dict[str, float]] = {}
        for path in results.glob("*.json"):
            for job in json.loads(path.read_text())["jobs"]:
                if job["metrics"]:
                    record = job["metrics"]["provenance"]
                    words = frozenset(f"{key}={value}" for key, value in job["overrides"].items())
                    self._by_job[path.stem, words] = record["seconds"]
                    for name, seconds in record["seconds"].items():
                        taken.setdefault(name, {})[record["keys"][name]] = seconds
        self._by_name = {name: mean(seconds.values()) for name, seconds in taken.items()}

    def seconds(self, experiment: str, words: Sequence[str], name: str) -> float | None:
        """The run time of a job's stage, or the mean of stages with its name; None if there is none."""
        own = frozenset(word for word in words if not word.startswith(("experiment=", "scale=", "hydra")))
        return self._by_job.get((experiment, own), {}).get(name, self._by_name.get(name))


def print_status(scale: str, results: Path) -> None:
    """Prints one line per item: finished cells, cached and missing stages; runs nothing."""
    costs = _Costs(results / scale)
    table = Table("item", "cells done", "cached", "to be made", "about", title=f"scale={scale}", caption=CAPTION)
    every: dict[str, _Missing] = {}
    for item in ITEMS.values():
        needs = _needs(item, scale, costs)
        every |= needs.made
        done = sum(cell.metrics is not None for cell in read_cells(results / scale, item.experiments))
        words = [_to_make(needs.made)] if needs.made else []
        words += [f"missing: {absent}" for absent in dict.fromkeys(needs.absent)]
        about = _cost(needs.made)
        cells = f"{done} of {needs.jobs}" if needs.jobs else ""
        table.add_row(item.name, cells, str(len(needs.cached)), "; ".join(words), about)
    table.add_section()
    table.add_row("all", "", "", _to_make(every) if every else "", _cost(every))
    console = plain_console()
    console.width = max(console.width, COLUMNS)
    console.print(table)


def _needs(item: Item, scale: str, costs: _Costs) -> _Needs:
    needs = _Needs()
    for experiment in item.experiments:
        if absent := item.wanting(experiment):
            needs.absent.append(absent)
            continue
        for job in read_command([f"experiment={experiment}", f"scale={scale}"]).jobs:
            needs.jobs += 1
            try:
                pipeline = Pipeline(job.config)
            except MiaError as error:
                needs.absent.append(str(error).partition(":")[0])
                continue
            for name, stage in pipeline.stages.items():
                if pipeline.store.has(stage):
                    needs.cached.add(stage.key)
                else:
                    needs.made[stage.key] = _Missing(name, costs.seconds(experiment, job.overrides, name))
    return needs


def _to_make(made: Mapping[str, _Missing]) -> str:
    """The stages that take long, or an unknown time, by name, and the number of others."""
    totals: dict[str, float] = {}
    for stage in made.values():
        totals[stage.name] = totals.get(stage.name, 0) + (float("inf") if stage.seconds is None else stage.seconds)
    counts = Counter(stage.name for stage in made.values())
    long = sorted((name for name in counts if totals[name] >= SHORT), key=lambda name: -totals[name])
    words = [f"{counts[name]} × {name.replace('_', ' ')}" for name in long]
    if short := counts.total() - sum(counts[name] for name in long):
        words.append(f"{short} {'short ones' if words else 'short stages'}")
    return ", ".join(words)


def _cost(made: Mapping[str, _Missing]) -> str:
    if not made:
        return ""
    known = [stage.seconds for stage in made.values() if stage.seconds is not None]
    unknown = len(made) - len(known)
    minutes = f"{sum(known) / 60:.0f} min" if known else ""
    return " and ".join(part for part in (minutes, f"{unknown} unknown" if unknown else "") if part)
