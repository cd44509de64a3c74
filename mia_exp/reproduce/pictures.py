"""Figures that show a dataset's images (Figs. 1, 12, 13 and 14): those of the runs' own reports.

Most datasets may not be passed on, so these are kept with the runs, not with the results.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

# By figure: which of a report's figures it is.
PICTURES = {
    "fig1": "difficulty-extremes",
    "fig12": "exposed-members",
    "fig13": "search-difficulty-extremes",
    "fig14": "difficulty-extremes",
}


def keep_pictures(name: str, runs: Sequence[Path], folder: Path) -> list[Path]:
    """Copies the figure `name` of each run as PNG and PDF.

    Args:
        name: A key of `PICTURES`.
        runs: Folders of finished runs.
        folder: Gets `name-dataset.png` and `name-dataset.pdf`.

    Returns:
        The PNG files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for run in runs:
        dataset = json.loads((run / "metrics.json").read_text())["dataset"]
        target = folder / f"{name}-{dataset}.png"
        shutil.copyfile(run / "figures" / f"{PICTURES[name]}.png", target)
        with Image.open(target) as image:
            image.convert("RGB").save(target.with_suffix(".pdf"), resolution=160)
        kept.append(target)
    return kept
