"""What is done, cached or missing of each item, and what the missing will cost."""

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

# A table of fewer columns would fold its lines where the output is not a terminal.
COLUMNS = 120
# Stages that take less, in seconds and all together, are counted and not named.
SHORT = 60
CAPTION = (
    "About: the time of the jobs one after another, as the same stages took where results/ were made (where they "
    "are not in there, as others of their name); at scale=cpu `make` runs two at a time, which halves it. Items "
    "share stages: what one makes, the next finds cached."
)


@dataclass
class _Needs:
    """What an item's jobs need.

    Attributes:
        jobs: How many there are.
        cached: The keys of the stages that are there.
        made: The stages that are not, by their keys.
        absent: What cannot be made here, in words.
    """

    jobs: int = 0
    cached: set[str] = field(default_factory=set)
    made: "dict[str, _Missing]" = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Missing:
    """A stage that is to be made, and the seconds that it took before; None where nobody knows."""

    name: str
    seconds: float | None


class _Costs:
    """What stages took in the jobs that `results` tells of: by job, for a later commit may change a key."""

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
        """What a stage of a job took, or those of its name on average; None where there was none."""
        own = frozenset(word for word in words if not word.startswith(("experiment=", "scale=", "hydra")))
        return self._by_job.get((experiment, own), {}).get(name, self._by_name.get(name))


def print_status(scale: str, results: Path) -> None:
    """Prints a line an item: cells that are done, stages that are cached and that are not; makes nothing."""
    costs = _Costs(results / scale)
    table = Table("item", "cells done", "cached", "to be made", "about", title=f"scale={scale}", caption=CAPTION)
    every: dict[str, _Missing] = {}
    for item in ITEMS.values():
        needs = _needs(item, scale, costs)
        every |= needs.made
        done = sum(cell.metrics is not None for cell in read_cells(results / scale, item.experiments))
        words = [_to_make(needs.made)] if needs.made else []
        words += [f"not there: {absent}" for absent in dict.fromkeys(needs.absent)]
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
    """The stages that take long, or that nobody knows of, by name, and how many others."""
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
