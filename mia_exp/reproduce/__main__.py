"""`mia-reproduce ITEM`: runs its experiments and writes its table or figure; `status` and `page` run nothing."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mia_exp.errors import MiaError
from mia_exp.reproduce.catalogue import ITEMS, Item
from mia_exp.reproduce.cells import Cell, read_cells, save_cells
from mia_exp.reproduce.curves import CURVES, plot_curve
from mia_exp.reproduce.diagram import draw_diagram
from mia_exp.reproduce.page import write_page
from mia_exp.reproduce.pictures import PICTURES, keep_pictures
from mia_exp.reproduce.scatter import PLANES, plot_planes
from mia_exp.reproduce.status import print_status

RESULTS = Path("results")
OUTPUTS = Path("outputs")


def main() -> None:
    """Entry point of `mia-reproduce`: exits 1 if a cell is missing."""
    parser = argparse.ArgumentParser(prog="mia-reproduce", description=__doc__)
    parser.add_argument("words", nargs="+", metavar="ITEM", help="all, status, page, an item, or SETTING=VALUE")
    parser.add_argument("--scale", choices=["cpu", "paper"], default="cpu", help="how large: cpu or paper")
    arguments = parser.parse_args()
    overrides = [word for word in arguments.words if "=" in word]
    names = [word for word in arguments.words if "=" not in word]
    for name in names:
        if name not in ("all", "status", "page", *ITEMS):
            parser.error(f"{name}: expected all, status, page, or one of {', '.join(ITEMS)}")
    try:
        # All are done: what is missing in one leaves the others whole.
        missing = [_do(name, arguments.scale, overrides) for name in names]
        sys.exit(1 if any(missing) else 0)
    except MiaError as error:
        sys.exit(f"error: {error}")


def _do(name: str, scale: str, overrides: Sequence[str]) -> bool:
    """Does what one word of the command line asks; returns whether something is missing."""
    if name == "status":
        print_status(scale, RESULTS)
        return False
    if name == "page":
        write_page(RESULTS)
        return False
    items = ITEMS.values() if name == "all" else [ITEMS[name]]
    missing = [cell for item in items for cell in _reproduce(item, scale, overrides)]
    write_page(RESULTS)
    for cell in dict.fromkeys(f"{cell.experiment}: {cell.name}" for cell in missing):
        Console(stderr=True).print(f"missing  {cell}", highlight=False, soft_wrap=True)
    return bool(missing)


def _reproduce(item: Item, scale: str, overrides: Sequence[str]) -> list[Cell]:
    """Runs an item's experiments, keeps what they found, draws it; returns the cells that are missing."""
    folder = RESULTS / scale
    for experiment in item.experiments:
        if wanting := item.wanting(experiment):
            Console(stderr=True).print(f"{experiment}: left out, since {wanting} is not there", highlight=False)
            continue
        command = [sys.executable, "-m", "mia_exp", f"experiment={experiment}", f"scale={scale}", *overrides]
        status = subprocess.run(command, check=False).returncode
        if status == 130:
            raise KeyboardInterrupt
        save_cells(OUTPUTS / "reproduce" / scale / experiment, experiment, folder)
    if item.name == "fig2":
        draw_diagram(folder / item.name)
    cells = read_cells(folder, item.experiments)
    finished = [cell for cell in cells if cell.metrics is not None]
    if item.name in CURVES and finished:
        plot_curve(item.name, finished, folder / item.name)
    sweep = OUTPUTS / "reproduce" / scale / item.name
    runs = sorted((path.parent for path in sweep.glob("*/metrics.json")), key=lambda run: int(run.name))
    if item.name in PICTURES:
        for path in keep_pictures(item.name, runs, sweep):
            Console().print(f"figure  {path}", highlight=False, soft_wrap=True)
    if item.name in PLANES and finished:
        plot_planes(item.name, runs, OUTPUTS / "artifacts", folder / item.name)
    return [cell for cell in cells if cell.metrics is None]


if __name__ == "__main__":
    main()
