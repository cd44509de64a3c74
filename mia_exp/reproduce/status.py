"""What is done of each item, what it took and what the rest needs, read from files: nothing is composed or run."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from rich.table import Table

from mia_exp.core.conf_folder import CONF
from mia_exp.core.terminal import plain_console
from mia_exp.reproduce.catalogue import Item, items_at
from mia_exp.reproduce.runs import Run, read_runs

# Minimum width, since a narrower table would wrap if the output is not a terminal.
COLUMNS = 120
CAPTION = (
    "Took: the stages of the finished cells one after another, on the machine that made results/; a stage that "
    "several cells share is counted once. `mia-exp experiment=NAME scale=SCALE dry_run=true` says which stages of "
    "an experiment are cached here."
)


@dataclass(frozen=True)
class _Progress:
    """How far an experiment has come.

    Attributes:
        cells: The number of its cells.
        done: How many of these have finished.
        seconds: What each stage of the finished ones took, by the stage's key.
    """

    cells: int
    done: int
    seconds: dict[str, float]


def print_status(scale: str, results: Path) -> None:
    """Prints a line for each item, and one for each of its experiments if it has several."""
    folder, items = results / scale, items_at(scale)
    experiments = dict.fromkeys(name for item in items for name in item.experiments)
    progress = {name: _progress(name, folder) for name in experiments}
    table = Table("item", "cells done", "took", "needs", caption=CAPTION)
    n_done = 0
    for item in items:
        parts = [progress[name] for name in item.experiments]
        drawn = bool(parts) or (folder / f"{item.name}.png").is_file()
        n_done += drawn and all(part.done == part.cells for part in parts)
        needs = [_needs(item, name, progress[name]) for name in item.experiments]
        if len(parts) > 1:
            table.add_row(item.name, *_numbers(parts), "")
            for name, part, need in zip(item.experiments, parts, needs, strict=True):
                table.add_row(f"  {name}", *_numbers([part]), need)
        else:
            table.add_row(item.name, *_numbers(parts), "".join(needs) if drawn else "to be drawn")
    table.add_section()
    table.add_row("all", *_numbers(list(progress.values())), "")
    table.title = f"scale={scale}: {n_done} of {len(items)} items done"
    console = plain_console()
    console.width = max(console.width, COLUMNS)
    console.print(table)


def _progress(experiment: str, folder: Path) -> _Progress:
    cells = _planned(experiment)
    waiting = [cell for cell in read_runs(folder, [experiment]) if cell.metrics is not None]
    done = []
    for overrides in cells:
        match = next((cell for cell in waiting if overrides.items() <= cell.overrides.items()), None)
        if match is not None:
            waiting.remove(match)
            done.append(match)
    return _Progress(len(cells), len(done), _seconds(done))


def _planned(experiment: str) -> list[dict[str, str]]:
    """What sets each cell of an experiment apart."""
    swept = []
    for key, value in _params(experiment).items():
        # OmegaConf takes the backslash away that keeps an interpolation for the job.
        word = f"{key}={value}".replace(r"\${", "${")
        [override] = OverridesParser.create().parse_overrides([word])
        values = list(override.sweep_string_iterator()) if override.is_sweep_override() else [str(value)]
        swept.append([{key: one} for one in values])
    return [{key: one for part in parts for key, one in part.items()} for parts in product(*swept)]


def _params(experiment: str) -> dict[str, Any]:
    """The sweep of an experiment, over that of the experiment that it is a variant of."""
    content = yaml.safe_load((CONF / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8"))
    params: dict[str, Any] = {}
    for base in content["defaults"]:
        if isinstance(base, str):
            params |= _params(base)
    params |= content["hydra"]["sweeper"]["params"]
    return params


def _seconds(cells: Sequence[Run]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for cell in cells:
        if cell.metrics is not None:
            record = cell.metrics["provenance"]
            seconds |= {record["keys"][stage]: taken for stage, taken in record["seconds"].items()}
    return seconds


def _needs(item: Item, experiment: str, progress: _Progress) -> str:
    """What the unfinished cells need that is not here."""
    return "" if progress.done == progress.cells else item.wanting(experiment) or ""


def _numbers(parts: Sequence[_Progress]) -> tuple[str, str]:
    """Runs that are done, and the minutes that they took."""
    if not parts:
        return "", ""
    seconds: dict[str, float] = {}
    for part in parts:
        seconds |= part.seconds
    took = f"{sum(seconds.values()) / 60:.0f} min" if seconds else ""
    return f"{sum(part.done for part in parts)} of {sum(part.cells for part in parts)}", took
