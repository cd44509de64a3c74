"""Structured loss maps: where in an image the victim is wrong (after He et al., 2020)."""

import numpy as np


def loss_maps(targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The absolute difference of each pixel and channel, |V(x) - y|.

    The three channels are kept: the classifier of these maps takes three, and none is lost on the way.

    Args:
        targets: y, uint8 (N, H, W, 3).
        answers: V(x), uint8 (N, H, W, 3).

    Returns:
        uint8 (N, H, W, 3), in steps of 1/255 on the [0, 1] scale.
    """
    maps: np.ndarray = np.abs(targets.astype(np.int16) - answers).astype(np.uint8)
    return maps
