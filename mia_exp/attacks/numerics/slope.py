"""The weight of a difficulty that its own relation to the error gives it."""

import numpy as np
import pandas as pd


def unlabelled_slope(error: pd.Series, difficulty: pd.Series) -> float:
    """The least-squares slope of the error on a difficulty, over all evaluated images.

    As alpha in L_mem = L_rec - alpha * difficulty, it makes the variance of L_mem the smallest: what is left is
    uncorrelated with the difficulty. It is r * SD(error) / SD(difficulty), with r their correlation: whatever the
    unit of a difficulty, it is subtracted as far as it predicts the error; one that predicts nothing, not at all.
    Members and non-members enter alike, so it uses no label; where the difficulty itself differs between the two
    groups, as on some official splits, it is attenuated or inflated by that difference.

    Args:
        error: By id, (N,).
        difficulty: By id, (N,), in any unit.

    Returns:
        The slope, in units of the error per unit of the difficulty; 0 if the difficulty is the same for all images.
    """
    x = difficulty.to_numpy(np.float64)
    y = error.reindex(difficulty.index).to_numpy(np.float64)
    deviation = x - x.mean()
    spread = float(deviation @ deviation)
    return float(deviation @ (y - y.mean())) / spread if spread > 0 else 0.0
