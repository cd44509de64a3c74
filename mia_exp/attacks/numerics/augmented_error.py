"""The reconstruction error over variants of a pair: Ours-Aug of Shafran, Peleg, Hoshen (2021)."""

import numpy as np

from mia_exp.attacks.numerics.reconstruction_error import reconstruction_error


def augmented_error(targets: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """The mean of L_rec over K variants of each pair, flipped and cropped alike in x and y.

    Args:
        targets: The variants of y, uint8 (N, K, H, W, 3).
        outputs: V of the variants of x, of the same shape and type.

    Returns:
        (N,), float64, on the [0, 1] scale.
    """
    count, variants = targets.shape[:2]
    shape = (count * variants, *targets.shape[2:])
    errors = reconstruction_error(targets.reshape(shape), outputs.reshape(shape))
    means: np.ndarray = errors.reshape(count, variants).mean(axis=1)
    return means
