"""The reconstruction error L_rec, Eq. 1 of Shafran, Peleg, Hoshen (2021)."""

import numpy as np


def reconstruction_error(targets: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Mean absolute difference between y and V(x).

    Args:
        targets: y, uint8 (N, H, W, 3).
        outputs: V(x), uint8 (N, H, W, 3).

    Returns:
        L_rec (N,), float64, on the [0, 1] scale.
    """
    difference = np.abs(targets.astype(np.int16) - outputs)
    errors: np.ndarray = difference.mean(axis=(1, 2, 3)) / 255
    return errors
