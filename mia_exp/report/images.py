"""Figures of images: the easiest and hardest, and the members that are most exposed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mia_exp.report.style import WIDTH, styled_figure

# Images in a row.
ACROSS = 8
# Pixels to which a smaller image's side is enlarged, about what it is drawn at.
ENLARGED = 256

Images = NDArray[np.uint8]


def plot_difficulty_extremes(
    easiest: Images, hardest: Images, easiest_captions: Sequence[str], hardest_captions: Sequence[str], path: Path
) -> None:
    """The easiest images over the hardest, as in the paper's Fig. 1.

    Args:
        easiest: uint8 (K, H, W, 3), the lowest L_diff first; K up to `ACROSS`.
        hardest: The same, the highest L_diff first.
        easiest_captions: A line over each.
        hardest_captions: The same.
        path: The PNG to write.
    """
    _plot_rows(("easiest", "hardest"), (easiest, hardest), (easiest_captions, hardest_captions), path)


def plot_exposed(x: Images, y: Images, v: Images, captions: Sequence[str], path: Path) -> None:
    """Input, target and the model's answer, one pair a column.

    Args:
        x: Inputs, uint8 (K, H, W, 3); K up to `ACROSS`.
        y: Targets, the same.
        v: V(x), the same.
        captions: What is written over each column.
        path: The PNG to write.
    """
    nothing = [""] * len(captions)
    _plot_rows(("input x", "target y", "answer V(x)"), (x, y, v), (captions, nothing, nothing), path)


def _plot_rows(names: Sequence[str], rows: Sequence[Images], captions: Sequence[Sequence[str]], path: Path) -> None:
    caption_lines = sum(1 + max(caption.count("\n") for caption in line) for line in captions)
    with styled_figure(path, len(rows) * WIDTH / ACROSS * 0.97 + 0.17 * caption_lines) as figure:
        axes = figure.subplots(len(rows), ACROSS, squeeze=False)
        for axis in axes.flat[:]:
            axis.set_axis_off()
        for row, name, images, line in zip(axes, names, rows, captions, strict=True):
            for axis, image, caption in zip(row, images, line, strict=False):
                axis.set_axis_on()
                axis.imshow(_enlarged(image))
                axis.grid(visible=False)
                axis.set(xticks=[], yticks=[])
                # A white image needs an edge on a white page.
                axis.spines[:].set(visible=True, color="#d8dee4")
                axis.set_title(caption, fontsize=8.5, fontweight="normal")
            row[0].set_ylabel(name, fontweight="bold")


def _enlarged(image: Images) -> Images:
    """Enlarged here, since matplotlib would blur or alias a small image as the panel's size has it."""
    height, width = image.shape[:2]
    factor = max(1, round(ENLARGED / height))
    return np.asarray(Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.LANCZOS))
