"""What is done, cached or missing of each item, and what the missing will cost."""

from collections import Counter
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

from mia_exp.compose import planned_jobs
from mia_exp.errors import MiaError
from mia_exp.pipeline import Pipeline
from mia_exp.reproduce.catalogue import ITEMS, Item
from mia_exp.reproduce.cells import read_cells


def print_status(scale: str, results: Path) -> None:
    """Prints a line an item: cells that are done, stages that are cached and that are not; makes nothing."""
    table = Table("item", "cells done", "stages cached", "to be made", "about", title=f"scale={scale}")
    for item in ITEMS.values():
        table.add_row(item.name, *_row(item, scale, results))
    Console().print(table)


def _row(item: Item, scale: str, results: Path) -> tuple[str, str, str, str]:
    done = sum(cell.metrics is not None for cell in read_cells(results / scale, item.experiments))
    wanted, cached, made = 0, set[str](), dict[str, str]()
    seconds: dict[str, list[float]] = {}
    wanting = []
    for experiment in item.experiments:
        if folder := item.wanting(experiment):
            wanting.append(folder)
            continue
        for _, config in planned_jobs([f"experiment={experiment}", f"scale={scale}"]):
            wanted += 1
            try:
                pipeline = Pipeline(config)
            except MiaError as error:
                wanting.append(str(error).partition(":")[0])
                continue
            for stage in pipeline.stages.values():
                if pipeline.store.has(stage):
                    cached.add(stage.key)
                    seconds.setdefault(stage.name, []).append(pipeline.store.manifest(stage)["seconds"])
                else:
                    made[stage.key] = stage.name
    counts = Counter(made.values())
    # What a stage of the same name took, of those that this item has; the others are not known.
    cost = sum(count * mean(seconds[name]) for name, count in counts.items() if name in seconds)
    unknown = sorted(name for name in counts if name not in seconds)
    about = f"{cost / 60:.0f} min" + (f" and {', '.join(unknown)}" if unknown else "") if counts else ""
    to_make = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    missing = f"; not there: {', '.join(dict.fromkeys(wanting))}" if wanting else ""
    return f"{done} of {wanted}", str(len(cached)), to_make + missing, about
