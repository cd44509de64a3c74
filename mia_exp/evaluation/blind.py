"""Blind columns: statistics that may separate the two groups of images without querying the model.

If one does, an attack's success may be due to the split: groups that differ before any model was trained can be
separated without any memorisation of the training images.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from mia_exp.core.column import Column
from mia_exp.evaluation.roc import Floats, Labels

# ITU-R BT.601, the weights of Pillow's conversion to grey.
LUMA = np.array([0.299, 0.587, 0.114])
SIGNIFICANCE = 0.05

BLIND_COLUMNS = (
    Column("brightness", "brightness", "mean luma", higher_is_member=True, blind=True),
    Column("contrast", "contrast", "spread of luma", higher_is_member=True, blind=True),
    Column("laplacian_energy", "Laplacian energy", "fine detail", higher_is_member=True, blind=True),
    Column("file_size", "file size", "bytes of the source file", higher_is_member=True, blind=True),
)


def blind_statistics(images: NDArray[np.uint8]) -> dict[str, Floats]:
    """Simple statistics of each image.

    Args:
        images: uint8 (N, H, W, 3), sRGB.

    Returns:
        `brightness`, the mean luma; `contrast`, its standard deviation; `laplacian_energy`, the mean square of
        its 4-neighbour Laplacian over the pixels that have four neighbours, a measure of detail and sharpness.
        Each (N,), float64, of luma on the [0, 1] scale.
    """
    luma = images @ LUMA / 255
    return {
        "brightness": luma.mean(axis=(1, 2)),
        "contrast": luma.std(axis=(1, 2)),
        "laplacian_energy": (_laplacian(luma) ** 2).mean(axis=(1, 2)),
    }


def holm_p_values(columns: Mapping[str, Floats], is_member: Labels) -> dict[str, float]:
    """The p-value of the difference between the groups under a random split, for each column.

    Args:
        columns: By name, (N,).
        is_member: (N,).

    Returns:
        Two-sided Mann-Whitney p-values by name, adjusted for the number of columns (Holm, 1979): for a random
        split, the probability that any of them is below 5 % is at most 5 %.
    """
    p_values = {name: _mann_whitney(values, is_member) for name, values in columns.items()}
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return adjusted


def _laplacian(luma: Floats) -> Floats:
    """(N, H, W) to (N, H - 2, W - 2)."""
    neighbours = luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]
    laplacian: Floats = neighbours - 4 * luma[:, 1:-1, 1:-1]
    return laplacian


def _mann_whitney(values: Floats, is_member: Labels) -> float:
    if values.min() == values.max():
        # The test divides by the spread; a constant separates nothing.
        return 1.0
    return float(mannwhitneyu(values[is_member], values[~is_member], alternative="two-sided").pvalue)
