"""Figures of a dataset's images (Figs. 1, 12, 13 and 14), taken from the runs' reports, with a title.

Most datasets must not be redistributed, so these are saved with the runs, not with the results.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mia_exp.drawing import report
from mia_exp.report.style import WIDTH
from mia_exp.reproduce.item_tables import NAMES, scale_title
from mia_exp.reproduce.paper_figure import paper_figure

# Height of the title, in inches.
TITLE = 0.4

# By figure: which of a report's figures it is.
PICTURES = {
    "fig1": "difficulty-extremes",
    "fig12": "exposed-members",
    "fig13": "l-vsd-extremes",
    "fig14": "difficulty-extremes",
}


def keep_pictures(name: str, runs: Sequence[Path], folder: Path) -> list[Path]:
    """Saves the figure `name` of each run with a title of dataset and scale, as PNG and PDF.

    Args:
        name: A key of `PICTURES`.
        runs: Folders of finished runs.
        folder: Gets `name-dataset.png` and `name-dataset.pdf`.

    Returns:
        The PNG files.
    """
    kept = []
    for run in runs:
        metrics = json.loads((run / "metrics.json").read_text())
        stem = folder / f"{name}-{metrics['dataset']}"
        picture = run / "figures" / f"{PICTURES[name]}.png"
        if not picture.is_file():
            # A job of a sweep is drawn when somebody asks.
            report([str(run)])
        with Image.open(picture) as image:
            height = TITLE + WIDTH * image.height / image.width
            with paper_figure(stem, height) as figure:
                axis = figure.subplots()
                axis.imshow(image)
                axis.set_axis_off()
                axis.set_title(f"{NAMES.get(metrics['dataset'], metrics['dataset'])}, {scale_title(metrics)}")
        kept.append(stem.with_suffix(".png"))
    return kept
