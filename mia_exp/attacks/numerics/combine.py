"""The membership score: L_mem = L_rec - alpha * L_diff, Eq. 3 of Shafran, Peleg, Hoshen (2021)."""

import numpy as np


def membership_score(error: np.ndarray, difficulty: np.ndarray, alpha: float) -> np.ndarray:
    """An error for how difficult its image is; low means member.

    Args:
        error: A reconstruction error (N,).
        difficulty: A difficulty (N,): L_diff, or what an attack puts in its place.
        alpha: Weight of the difficulty.

    Returns:
        (N,), in the unit of the error.
    """
    return error - alpha * difficulty
