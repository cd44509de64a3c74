"""Pearson's correlation on resamples."""

import numpy as np

from mia_exp.core.errors import MiaError
from mia_exp.evaluation.roc import Floats, Weights

# Relative to the variance on all images: below it, a resample's variance is rounding error.
ROUNDING = 1e-12


def weighted_pearson(x: Floats, y: Floats, weights: Weights) -> Floats:
    """The correlation of two columns on each resample.

    The difference of two correlations on the same resamples has an interval by `two_level_interval`.

    Args:
        x: (N,).
        y: (N,).
        weights: How often each image occurs in each resample, (R, N).

    Returns:
        (R,), -1 to 1; NaN for a resample on which a column is constant.

    Raises:
        MiaError: A column is constant on all images.
    """
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise MiaError(
            f"expected columns with a spread, found {len(x)} equal values: a constant has no correlation"
        )
    # Standardised first: the variance below is a difference, which would lose the digits of a large mean.
    x, y = ((column - column.mean()) / column.std() for column in (x, y))
    share = weights / weights.sum(axis=1, keepdims=True)
    mean_x, mean_y = share @ x, share @ y
    variance_x, variance_y = share @ x**2 - mean_x**2, share @ y**2 - mean_y**2
    constant = np.minimum(variance_x, variance_y) < ROUNDING
    scale = np.sqrt(np.where(constant, np.nan, variance_x * variance_y))
    correlation: Floats = np.clip((share @ (x * y) - mean_x * mean_y) / scale, -1, 1)
    return correlation
