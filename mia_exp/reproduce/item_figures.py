"""Dispatch of items to the functions that draw them."""

from pathlib import Path

from mia_exp.core.terminal import plain_console
from mia_exp.reproduce.catalogue import Item
from mia_exp.reproduce.curve_figures import plot_curves
from mia_exp.reproduce.curves import CURVES
from mia_exp.reproduce.pictures import PICTURES, keep_pictures
from mia_exp.reproduce.scale_results import Results
from mia_exp.reproduce.scatter import PLANES, plot_planes
from mia_exp.reproduce.sizes import SIZES, plot_sizes

DIAGRAM = "fig2"


def draw(item: Item, scale: str, results: Path, outputs: Path) -> None:
    """Draws an item's figures from the runs that have finished; nothing for a table.

    Args:
        item: The table or figure.
        scale: Such as `cpu`.
        results: Has one folder per scale; gets the figures, unless they show images that must not be redistributed.
        outputs: Has the runs and their stages.
    """
    folder = results / scale
    if item.name == DIAGRAM:
        # Imported here: of all items, it alone needs the learning libraries, which take seconds to load.
        from mia_exp.reproduce.diagram import draw_diagram

        draw_diagram(folder / item.name)
    elif item.name == SIZES:
        plot_sizes(results)
    elif item.name in CURVES:
        plot_curves(item.name, Results(folder), folder)
    elif item.name in PLANES:
        plot_planes(item.name, Results(folder), folder)
    elif item.name in PICTURES:
        sweeps = outputs / "reproduce" / scale
        for path in keep_pictures(item.name, sweeps, sweeps / item.name):
            plain_console().print(f"figure  {path}", soft_wrap=True)
