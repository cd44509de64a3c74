"""Dispatch of items to the functions that draw them."""

from pathlib import Path

from mia_exp.core.terminal import plain_console
from mia_exp.reproduce.catalogue import Item
from mia_exp.reproduce.cells import read_cells
from mia_exp.reproduce.curves import CURVES, plot_curve
from mia_exp.reproduce.pictures import PICTURES, keep_pictures
from mia_exp.reproduce.scatter import PLANES, plot_planes

DIAGRAM = "fig2"


def draw(item: Item, scale: str, results: Path, outputs: Path) -> None:
    """Draws an item's figure from the jobs that have finished; nothing for a table.

    Args:
        item: The table or figure.
        scale: `cpu` or `paper`.
        results: Has one folder per scale; gets the figure, unless it shows images that must not be redistributed.
        outputs: Has the runs and their stages.
    """
    stem = results / scale / item.name
    if item.name == DIAGRAM:
        # Imported here: of all items, it alone needs the learning libraries, which take seconds to load.
        from mia_exp.reproduce.diagram import draw_diagram

        draw_diagram(stem)
    finished = [cell for cell in read_cells(results / scale, item.experiments) if cell.metrics is not None]
    if not finished:
        return
    sweep = outputs / "reproduce" / scale / item.name
    runs = sorted((path.parent for path in sweep.glob("*/metrics.json")), key=lambda run: int(run.name))
    if item.name in CURVES:
        plot_curve(item.name, finished, stem)
    elif item.name in PLANES:
        plot_planes(item.name, runs, outputs / "artifacts", stem)
    elif item.name in PICTURES:
        for path in keep_pictures(item.name, runs, sweep):
            plain_console().print(f"figure  {path}", soft_wrap=True)
