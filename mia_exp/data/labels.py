"""Label maps: from colours or class numbers to exact colours, and instance boundaries.

A victim that takes label maps is given an x in which every pixel has exactly the colour of its class, so that x is
a viewable image and its classes are unambiguous.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from mia_exp.core.check import require
from mia_exp.core.errors import DataError
from mia_exp.data.pair_source import Colour
from mia_exp.data.pillow import opened

# A colour further than this from every palette colour (Euclidean, of 255 a channel) belongs to no class.
MAX_COLOUR_DISTANCE = 40
# A pixel is checked if its 3 x 3 neighbourhood varies by at most this: elsewhere compression and antialiasing mix
# the colours of two classes. In the JPEG label maps of Facades and Cityscapes, all but 1 in 8,000 of the flat
# pixels are near a palette colour, while of all pixels one in ten is not.
MAX_FLAT_DIFFERENCE = 8
# Rows of a map that are compared with the palette at a time.
ROWS_PER_BLOCK = 64
# Colours or numbers that an error message lists.
MAX_LISTED = 5
# An error message counts colours in cubes of this side.
BIN_SIDE = 16


def as_palette(colours: Sequence[Sequence[int]] | None) -> tuple[Colour, ...] | None:
    """Converts a configuration's lists to a palette of `InputLayout`."""
    return None if colours is None else tuple((red, green, blue) for red, green, blue in colours)


def check_palette(palette: Sequence[Sequence[int]] | None, tolerance: float) -> None:
    """Checks a dataset's palette and tolerance.

    Raises:
        ConfigError: A colour is invalid or repeated, or the tolerance is not in [0, 1).
    """
    colours = palette or []
    wrong = [
        colour
        for colour in colours
        if len(colour) != 3 or not all(isinstance(value, int) and 0 <= value <= 255 for value in colour)
    ]
    require(not wrong, f"dataset.palette: {wrong} are not colours; expected [red, green, blue], each 0 to 255")
    distinct = {tuple(colour) for colour in colours}
    require(len(distinct) == len(colours), "dataset.palette: a colour is repeated; each class needs its own")
    require(
        0 <= tolerance < 1,
        f"dataset.palette_tolerance={tolerance}: expected a share from 0 up to, not including, 1",
    )


def read_colours(image: np.ndarray, palette: Sequence[Colour], tolerance: float, path: Path) -> np.ndarray:
    """Converts a colour-coded label map to classes.

    Args:
        image: uint8 (H, W, 3).
        palette: The colours.
        tolerance: Share of the pixels that may have other colours.
        path: Named in the message.

    Returns:
        uint8 (H, W).

    Raises:
        DataError: More pixels have other colours; the message names these colours and their counts.
    """
    classes, distances = _nearest(image, palette)
    unknown = image[(distances > MAX_COLOUR_DISTANCE**2) & _is_flat(image)]
    pixels = image.shape[0] * image.shape[1]
    if len(unknown) > tolerance * pixels:
        bins, counts = np.unique(unknown // BIN_SIDE, axis=0, return_counts=True)
        largest = np.argsort(-counts, kind="stable")[:MAX_LISTED]
        means = [unknown[(unknown // BIN_SIDE == bins[row]).all(1)].mean(0).round().astype(int) for row in largest]
        found = ", ".join(
            f"({', '.join(map(str, mean))}) in {counts[row]} pixels"
            for mean, row in zip(means, largest, strict=True)
        )
        raise DataError(
            f"{path}: expected a label map in the {len(palette)} colours of dataset.palette, found {len(unknown)} "
            f"of {pixels} pixels in others: {found}. Add these colours to dataset.palette, raise "
            "dataset.palette_tolerance, or use the image itself as the input (victim.one_hot_labels=false)."
        )
    return classes


def read_indices(path: Path, classes: int) -> np.ndarray:
    """Reads an image whose pixels are class numbers.

    Args:
        path: A PNG of mode P or L, or with 16 bits.
        classes: Number of classes.

    Returns:
        uint8 (H, W).

    Raises:
        DataError: It cannot be read, has colours, or has a number that is not a class.
    """
    indices = read_numbers(path)
    wrong = (indices < 0) | (indices >= classes)
    if wrong.any():
        values, counts = np.unique(indices[wrong], return_counts=True)
        largest = np.argsort(-counts, kind="stable")[:MAX_LISTED]
        found = ", ".join(f"{values[row]} in {counts[row]} pixels" for row in largest)
        raise DataError(
            f"{path}: expected class numbers from 0 to {classes - 1} (dataset.index_classes={classes}), found "
            f"{found}{', ...' if len(values) > MAX_LISTED else ''}."
        )
    return indices.astype(np.uint8)


def read_numbers(path: Path) -> np.ndarray:
    """Reads an image whose pixels are class or instance numbers.

    Returns:
        int64 (H, W).

    Raises:
        DataError: It cannot be read, has several channels, or has numbers that are not integers.
    """
    with opened(path, "an image of numbers") as image:
        numbers = np.asarray(image)
        mode = image.mode
    if numbers.ndim != 2:
        raise DataError(
            f"{path}: expected an image with one number per pixel (mode P, L or I), found mode {mode}. For "
            "colour-coded label maps set dataset.palette instead of dataset.index_classes."
        )
    # A TIFF may hold floating-point numbers, including NaN.
    with np.errstate(invalid="ignore"):
        integers: np.ndarray = numbers.astype(np.int64)
    if (integers != numbers).any():
        raise DataError(
            f"{path}: expected an image of integers, found other numbers. Save it as a PNG of mode L or with 16 "
            "bits."
        )
    return integers


def check_known(numbers: np.ndarray, count: int, unlabelled: int, path: Path, kind: str, hint: str) -> None:
    """Checks that each number of a map is a class, from 0 to `count` - 1, or `unlabelled`.

    Args:
        numbers: int64 (H, W).
        count: Number of classes.
        unlabelled: The number of pixels without a class.
        path: Named in the message.
        kind: What the numbers are; completes "expected ...".
        hint: Advice that ends the message.

    Raises:
        DataError: Another number was found.
    """
    unknown = np.unique(numbers[((numbers < 0) | (numbers >= count)) & (numbers != unlabelled)])
    if len(unknown):
        listed = ", ".join(map(str, unknown[:MAX_LISTED])) + (", ..." if len(unknown) > MAX_LISTED else "")
        raise DataError(f"{path}: expected {kind} from 0 to {count - 1} and {unlabelled}, found {listed}. {hint}")


def colour_map(classes: int) -> tuple[Colour, ...]:
    """Distinct colours for class numbers: PASCAL VOC's colour map, made of the bits of the number.

    Args:
        classes: Number of classes, up to 256.
    """
    colours = []
    for number in range(classes):
        channels = [0, 0, 0]
        for bit in range(8):
            # Bits 0, 1, 2 of the number are the highest of red, green, blue; bits 3, 4, 5 the next, and so on.
            channels[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
        colours.append((channels[0], channels[1], channels[2]))
    return tuple(colours)


def paint(classes: np.ndarray, palette: Sequence[Colour]) -> np.ndarray:
    """Maps classes (H, W) to their colours: uint8 (H, W, 3)."""
    painted: np.ndarray = np.asarray(palette, dtype=np.uint8)[classes]
    return painted


def resize_numbers(numbers: np.ndarray, size: int) -> np.ndarray:
    """Resizes numbers (H, W) to (size, size) by nearest neighbour."""
    rows, columns = (((np.arange(size) + 0.5) * side / size).astype(np.int64) for side in numbers.shape)
    resized: np.ndarray = numbers[rows[:, None], columns]
    return resized


def instance_boundaries(instances: np.ndarray) -> np.ndarray:
    """Marks the pixels that touch another instance above, below, left or right, as in pix2pixHD.

    Args:
        instances: Numbers (H, W).

    Returns:
        uint8 (H, W): 255 on both sides of a boundary, 0 elsewhere.
    """
    marked = np.zeros(instances.shape, dtype=bool)
    horizontal = instances[:, 1:] != instances[:, :-1]
    vertical = instances[1:] != instances[:-1]
    marked[:, 1:] |= horizontal
    marked[:, :-1] |= horizontal
    marked[1:] |= vertical
    marked[:-1] |= vertical
    return marked.astype(np.uint8) * 255


def _nearest(image: np.ndarray, palette: Sequence[Colour]) -> tuple[np.ndarray, np.ndarray]:
    """The nearest class of each pixel, uint8 (H, W), and the squared distance from its colour, float32 (H, W)."""
    # |p - c|^2 = |p|^2 - 2 p c + |c|^2: integers below 2^24, which float32 represents exactly.
    colours = np.array(palette, dtype=np.float32)
    offsets = (colours**2).sum(1)
    classes = np.empty(image.shape[:2], dtype=np.uint8)
    nearest = np.empty(image.shape[:2], dtype=np.float32)
    # In blocks of rows, since the distances of a large map to a long palette would not fit into memory.
    for top in range(0, len(image), ROWS_PER_BLOCK):
        rows = slice(top, top + ROWS_PER_BLOCK)
        pixels = image[rows].astype(np.float32)
        distances = offsets - 2 * (pixels @ colours.T)
        classes[rows] = distances.argmin(2)
        nearest[rows] = distances.min(2) + (pixels**2).sum(2)
    return classes, nearest


def _is_flat(image: np.ndarray) -> np.ndarray:
    """Whether a pixel's 3 x 3 neighbourhood has nearly one colour: bool (H, W); false on the image border."""
    spread = maximum_filter(image, (3, 3, 1)) - minimum_filter(image, (3, 3, 1))
    flat: np.ndarray = spread.max(2) <= MAX_FLAT_DIFFERENCE
    flat[[0, -1]] = flat[:, [0, -1]] = False
    return flat
