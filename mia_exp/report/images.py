"""Figures of images: the easiest and hardest, and the members that are most exposed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from mia_exp.report.style import styled_figure

# Pixels of an image's side in a figure, about what it is printed at.
SHOWN = 256

Images = NDArray[np.uint8]


def plot_difficulty_extremes(
    easiest: Images, hardest: Images, easiest_scores: Sequence[float], hardest_scores: Sequence[float], path: Path
) -> None:
    """The easiest images over the hardest, as in the paper's Fig. 1.

    Args:
        easiest: uint8 (K, H, W, 3), the lowest L_diff first.
        hardest: uint8 (K, H, W, 3), the highest L_diff first.
        easiest_scores: L_diff of each.
        hardest_scores: L_diff of each.
        path: The PNG to write.
    """
    with styled_figure(path, 1.5 * len(easiest), 3.7) as figure:
        axes = figure.subplots(2, len(easiest), squeeze=False)
        rows = (("easiest", easiest, easiest_scores), ("hardest", hardest, hardest_scores))
        for row, (name, images, scores) in zip(axes, rows, strict=True):
            for axis, image, score in zip(row, images, scores, strict=True):
                _show(axis, image)
                axis.set_title(f"{score:.3f}", fontsize=9, fontweight="normal")
            row[0].set_ylabel(name, fontweight="bold")


def plot_exposed(x: Images, y: Images, v: Images, captions: Sequence[str], path: Path) -> None:
    """Input, target and the model's answer, one pair a column.

    Args:
        x: Inputs, uint8 (K, H, W, 3).
        y: Targets, the same.
        v: V(x), the same.
        captions: A line over each column.
        path: The PNG to write.
    """
    with styled_figure(path, 1.5 * len(x), 5.2) as figure:
        axes = figure.subplots(3, len(x), squeeze=False)
        rows = (("input x", x), ("target y", y), ("answer V(x)", v))
        for row, (name, images) in zip(axes, rows, strict=True):
            for axis, image in zip(row, images, strict=True):
                _show(axis, image)
            row[0].set_ylabel(name, fontweight="bold")
        for axis, caption in zip(axes[0], captions, strict=True):
            axis.set_title(caption, fontsize=9, fontweight="normal")


def _show(axis: Axes, image: Images) -> None:
    side = max(SHOWN, image.shape[0])
    # matplotlib would blur or alias small images, depending on the size of the panel.
    enlarged = Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS)
    axis.imshow(np.asarray(enlarged))
    axis.grid(visible=False)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
