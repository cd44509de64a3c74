"""Figures of images: the easiest and hardest, and the most exposed members."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mia_exp.report.style import WIDTH, styled_figure

# Images per row.
IMAGES_PER_ROW = 8
# Side of a drawn image in pixels, about its size in the figure, and the gap between two images.
IMAGE_SIDE = 192
GAP = 12
BORDER = (216, 222, 228)

Images = NDArray[np.uint8]


def plot_difficulty_extremes(
    easiest: Images, hardest: Images, easiest_captions: Sequence[str], hardest_captions: Sequence[str], path: Path
) -> None:
    """The easiest images above the hardest, after the paper's Fig. 1.

    Args:
        easiest: uint8 (K, H, W, 3), the lowest L_diff first; K up to `IMAGES_PER_ROW`.
        hardest: The same, the highest L_diff first.
        easiest_captions: One caption above each.
        hardest_captions: The same.
        path: The PNG to write.
    """
    _plot_rows(("easiest", "hardest"), (easiest, hardest), (easiest_captions, hardest_captions), path)


def plot_exposed(x: Images, y: Images, v: Images, captions: Sequence[str], path: Path) -> None:
    """Input, target and the model's output, one column per pair.

    Args:
        x: Inputs, uint8 (K, H, W, 3); K up to `IMAGES_PER_ROW`.
        y: Targets, the same.
        v: V(x), the same.
        captions: One caption above each column.
        path: The PNG to write.
    """
    empty = [""] * len(captions)
    _plot_rows(("input x", "target y", "output V(x)"), (x, y, v), (captions, empty, empty), path)


def _plot_rows(names: Sequence[str], rows: Sequence[Images], captions: Sequence[Sequence[str]], path: Path) -> None:
    caption_lines = sum(1 + max(caption.count("\n") for caption in line) for line in captions)
    with styled_figure(path, len(rows) * WIDTH / IMAGES_PER_ROW * 0.97 + 0.17 * caption_lines) as figure:
        for axis, name, images, line in zip(figure.subplots(len(rows)), names, rows, captions, strict=True):
            # One image per row: one axis per image takes matplotlib a second per figure.
            axis.imshow(_strip(images))
            axis.grid(visible=False)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(visible=False)
            axis.set_ylabel(name, fontweight="bold")
            for place, caption in enumerate(line):
                centre = place * (IMAGE_SIDE + GAP) + IMAGE_SIDE / 2
                axis.text(centre, -GAP / 2, caption, fontsize=8.5, ha="center", va="bottom")


def _strip(images: Images) -> Images:
    """The images side by side, enlarged, each with a border, which a white image needs on a white page."""
    strip = np.full((IMAGE_SIDE, IMAGES_PER_ROW * (IMAGE_SIDE + GAP) - GAP, 3), 255, dtype=np.uint8)
    for place, image in enumerate(images):
        left = place * (IMAGE_SIDE + GAP)
        strip[:, left : left + IMAGE_SIDE] = BORDER
        strip[1:-1, left + 1 : left + IMAGE_SIDE - 1] = _enlarged(image)
    return strip


def _enlarged(image: Images) -> Images:
    """Enlarged here, since matplotlib would blur or alias a small image."""
    side = IMAGE_SIDE - 2
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS))
