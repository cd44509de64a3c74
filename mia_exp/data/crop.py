"""Cropping and mirroring a pair at random, as pix2pix does."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Crop:
    """A window of an image, mirrored or not; the same for numpy arrays and tensors.

    Attributes:
        top: First row.
        left: First column.
        size: Side in pixels.
        mirrored: Left and right exchanged.
    """

    top: int
    left: int
    size: int
    mirrored: bool

    @classmethod
    def draw(cls, side: int, size: int, flip: bool, rng: np.random.Generator) -> "Crop":
        """One of all places in an image of `side` pixels; mirrored half of the time, if `flip`."""
        top, left = (int(start) for start in rng.integers(0, side - size, size=2, endpoint=True))
        return cls(top, left, size, flip and bool(rng.random() < 0.5))


def augmented(
    x: np.ndarray, y: np.ndarray, size: int, flip: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Crops both images of a pair at one random place, and mirrors both or neither.

    Args:
        x: Input, uint8 (L, L, C) with L >= size.
        y: Target, uint8 (L, L, 3).
        size: Side of the crop in pixels.
        flip: Mirror half of the pairs.
        rng: Source of the randomness.

    Returns:
        x and y, uint8 (size, size, ...).
    """
    crop = Crop.draw(x.shape[0], size, flip, rng)
    rows, columns = slice(crop.top, crop.top + size), slice(crop.left, crop.left + size)
    step = -1 if crop.mirrored else 1
    x, y = (image[rows, columns][:, ::step] for image in (x, y))
    return x, y
