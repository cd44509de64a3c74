"""What is done, cached or missing of each item, and what the missing will cost."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

from mia_exp.compose import planned_jobs
from mia_exp.errors import MiaError
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
        made: The names of the stages that are not, by their keys.
        absent: What cannot be made here, in words.
    """

    jobs: int = 0
    cached: set[str] = field(default_factory=set)
    made: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


class _Costs:
    """What stages took in the jobs that `results` tells of."""

    def __init__(self, results: Path) -> None:
        self._by_key: dict[str, float] = {}
        names: dict[str, str] = {}
        for path in results.glob("*.json"):
            for job in json.loads(path.read_text())["jobs"]:
                if job["metrics"]:
                    record = job["metrics"]["provenance"]
                    names |= {key: name for name, key in record["keys"].items()}
                    self._by_key |= {key: record["seconds"][name] for name, key in record["keys"].items()}
        taken: dict[str, list[float]] = {}
        for key, name in names.items():
            taken.setdefault(name, []).append(self._by_key[key])
        self._by_name = {name: mean(seconds) for name, seconds in taken.items()}

    def seconds(self, key: str, name: str) -> float | None:
        """What the stage took, or those of its name on average; None where there was none."""
        return self._by_key.get(key, self._by_name.get(name))


def print_status(scale: str, results: Path) -> None:
    """Prints a line an item: cells that are done, stages that are cached and that are not; makes nothing."""
    costs = _Costs(results / scale)
    table = Table("item", "cells done", "cached", "to be made", "about", title=f"scale={scale}", caption=CAPTION)
    every: dict[str, str] = {}
    for item in ITEMS.values():
        needs = _needs(item, scale)
        every |= needs.made
        done = sum(cell.metrics is not None for cell in read_cells(results / scale, item.experiments))
        words = [_to_make(needs.made, costs)] if needs.made else []
        words += [f"not there: {absent}" for absent in dict.fromkeys(needs.absent)]
        about = _cost(needs.made, costs)
        cells = f"{done} of {needs.jobs}" if needs.jobs else ""
        table.add_row(item.name, cells, str(len(needs.cached)), "; ".join(words), about)
    table.add_section()
    table.add_row("all", "", "", _to_make(every, costs) if every else "", _cost(every, costs))
    console = Console()
    console.width = max(console.width, COLUMNS)
    console.print(table)


def _needs(item: Item, scale: str) -> _Needs:
    needs = _Needs()
    for experiment in item.experiments:
        if absent := item.wanting(experiment):
            needs.absent.append(absent)
            continue
        for _, config in planned_jobs([f"experiment={experiment}", f"scale={scale}"]):
            needs.jobs += 1
            try:
                pipeline = Pipeline(config)
            except MiaError as error:
                needs.absent.append(str(error).partition(":")[0])
                continue
            for name, stage in pipeline.stages.items():
                if pipeline.store.has(stage):
                    needs.cached.add(stage.key)
                else:
                    needs.made[stage.key] = name
    return needs


def _to_make(made: Mapping[str, str], costs: _Costs) -> str:
    """The stages that take long, or that nobody knows of, by name, and how many others."""
    totals: dict[str, float] = {}
    for key, name in made.items():
        seconds = costs.seconds(key, name)
        totals[name] = totals.get(name, 0) + (float("inf") if seconds is None else seconds)
    counts = Counter(made.values())
    long = sorted((name for name in counts if totals[name] >= SHORT), key=lambda name: -totals[name])
    words = [f"{counts[name]} × {name.replace('_', ' ')}" for name in long]
    if short := counts.total() - sum(counts[name] for name in long):
        words.append(f"{short} {'short ones' if words else 'short stages'}")
    return ", ".join(words)


def _cost(made: Mapping[str, str], costs: _Costs) -> str:
    if not made:
        return ""
    seconds = [costs.seconds(key, name) for key, name in made.items()]
    known = [each for each in seconds if each is not None]
    unknown = len(seconds) - len(known)
    minutes = f"{sum(known) / 60:.0f} min" if known else ""
    return " and ".join(part for part in (minutes, f"{unknown} unknown" if unknown else "") if part)
