"""Random crops and horizontal flips of a pair, as in pix2pix."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Crop:
    """A window of an image, flipped or not; for NumPy arrays and tensors.

    Attributes:
        top: First row.
        left: First column.
        size: Side in pixels.
        flipped: Whether the window is flipped horizontally.
    """

    top: int
    left: int
    size: int
    flipped: bool

    @classmethod
    def draw(cls, side: int, size: int, flip: bool, rng: np.random.Generator) -> "Crop":
        """A random window of an image of `side` pixels; flipped with probability 0.5 if `flip`."""
        top, left = (int(start) for start in rng.integers(0, side - size, size=2, endpoint=True))
        return cls(top, left, size, flip and bool(rng.random() < 0.5))


def augmented(
    x: np.ndarray, y: np.ndarray, size: int, flip: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Crops both images of a pair at the same random position, and flips both or neither.

    Args:
        x: Input, uint8 (L, L, C) with L >= size.
        y: Target, uint8 (L, L, 3).
        size: Side of the crop in pixels.
        flip: Flip half of the pairs.
        rng: Random generator.

    Returns:
        x and y, uint8 (size, size, ...).
    """
    crop = Crop.draw(x.shape[0], size, flip, rng)
    rows, columns = slice(crop.top, crop.top + size), slice(crop.left, crop.left + size)
    step = -1 if crop.flipped else 1
    x, y = (image[rows, columns][:, ::step] for image in (x, y))
    return x, y
