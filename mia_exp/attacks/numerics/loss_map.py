"""Structured loss maps: the victim's error per pixel (after He et al., 2020)."""

from collections.abc import Callable, Sequence

import numpy as np


def loss_maps(targets: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """The absolute difference of each pixel and channel, |V(x) - y|.

    The three channels are kept, since the classifier of these maps takes three.

    Args:
        targets: y, uint8 (..., H, W, 3).
        outputs: V(x), of the same shape and type.

    Returns:
        The same shape and type, in steps of 1/255 on the [0, 1] scale.
    """
    maps: np.ndarray = np.abs(targets.astype(np.int16) - outputs).astype(np.uint8)
    return maps


class LossMaps:
    """The loss maps of many pairs, computed per patch on access, so that memory does not grow with their number.

    Args:
        target_of: y by id, uint8 (H, W, 3).
        ids: The pairs, (N,).
        outputs: V(x) of the pairs, uint8 (N, H, W, 3); may be memory-mapped.
    """

    def __init__(self, target_of: Callable[[str], np.ndarray], ids: Sequence[str], outputs: np.ndarray) -> None:
        self._target_of = target_of
        self._ids = ids
        self._outputs = outputs

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, 3)."""
        return self._outputs.shape

    def __getitem__(self, patch: tuple[int, slice, slice]) -> np.ndarray:
        """A patch of one map, uint8 (h, w, 3), by its index and its slices of pixel rows and columns."""
        row, height, width = patch
        return loss_maps(self._target_of(self._ids[row])[height, width], self._outputs[row, height, width])
