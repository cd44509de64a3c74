"""What is done, cached or missing of each item, and what the missing will cost."""

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


@dataclass
class _Needs:
    """What an item's jobs need.

    Attributes:
        jobs: How many there are.
        cached: Seconds that each stage took which is there, by its key and name.
        made: Names of the stages that are not, by their keys.
        absent: What cannot be made here, in words.
    """

    jobs: int = 0
    cached: dict[tuple[str, str], float] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


def print_status(scale: str, results: Path) -> None:
    """Prints a line an item: cells that are done, stages that are cached and that are not; makes nothing."""
    needs = {item: _needs(item, scale) for item in ITEMS.values()}
    taken: dict[str, list[float]] = {}
    for (_, name), seconds in {key: value for each in needs.values() for key, value in each.cached.items()}.items():
        taken.setdefault(name, []).append(seconds)
    # What a stage will take is not known before it was made: the mean of those of its name.
    expected = {name: mean(seconds) for name, seconds in taken.items()}
    table = Table("item", "cells done", "cached", "to be made", "about", title=f"scale={scale}")
    for item, each in needs.items():
        done = sum(cell.metrics is not None for cell in read_cells(results / scale, item.experiments))
        table.add_row(
            item.name, f"{done} of {each.jobs}", str(len(each.cached)), _to_make(each), _cost(each, expected)
        )
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
            for stage in pipeline.stages.values():
                if pipeline.store.has(stage):
                    needs.cached[stage.key, stage.name] = pipeline.store.manifest(stage)["seconds"]
                else:
                    needs.made[stage.key] = stage.name
    return needs


def _to_make(needs: _Needs) -> str:
    parts = [f"{count} {name}" for name, count in Counter(needs.made.values()).most_common()]
    parts += [f"not there: {absent}" for absent in dict.fromkeys(needs.absent)]
    return ", ".join(parts)


def _cost(needs: _Needs, expected: Mapping[str, float]) -> str:
    if not needs.made:
        return ""
    minutes = sum(expected.get(name, 0) for name in needs.made.values()) / 60
    unknown = sorted(set(needs.made.values()) - set(expected))
    return f"{minutes:.0f} min" + (f" and {', '.join(unknown)}" if unknown else "")
