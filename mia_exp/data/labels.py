"""Label maps: from colours or class numbers to exact colours, and where instances meet.

A victim that takes label maps is given x in which every pixel has exactly the colour of its class, so that x stays
an image that a person can look at, and its classes can be read from it without doubt.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from mia_exp.core.check import require
from mia_exp.core.errors import DataError
from mia_exp.data.pillow import opened
from mia_exp.data.source import Colour

# A colour further than this from every palette colour (Euclidean, of 255 a channel) belongs to no class.
MAX_COLOUR_DISTANCE = 40
# A pixel is judged where its 3 x 3 neighbours differ by no more than this: elsewhere compression and antialiasing
# mix the colours of two classes. On the label maps of Facades and Cityscapes, compressed as JPEG, every flat pixel
# but 1 in 8,000 is near a palette colour, while one pixel in ten of all is not.
MAX_FLAT_DIFFERENCE = 8
# Rows of a map that are compared with the palette at once.
ROWS_PER_BLOCK = 64
# How many colours or numbers an error lists.
MAX_LISTED = 5
# Colours that fall into one cube of this side are one colour to an error.
BIN_SIDE = 16


def as_palette(colours: Sequence[Sequence[int]] | None) -> tuple[Colour, ...] | None:
    """A palette as `InputLayout` keeps it, from the lists of a configuration."""
    return None if colours is None else tuple((red, green, blue) for red, green, blue in colours)


def check_palette(palette: Sequence[Sequence[int]] | None, tolerance: float) -> None:
    """Refuses settings of a dataset that are no palette or no tolerance.

    Raises:
        ConfigError: They are not.
    """
    colours = palette or []
    wrong = [
        colour
        for colour in colours
        if len(colour) != 3 or not all(isinstance(value, int) and 0 <= value <= 255 for value in colour)
    ]
    require(not wrong, f"dataset.palette: {wrong} are no colours; expected [red, green, blue], each from 0 to 255")
    distinct = {tuple(colour) for colour in colours}
    require(len(distinct) == len(colours), "dataset.palette: a colour stands there twice; each class needs its own")
    require(
        0 <= tolerance < 1,
        f"dataset.palette_tolerance={tolerance}: expected a share from 0 up to, not including, 1",
    )


def read_colours(image: np.ndarray, palette: Sequence[Colour], tolerance: float, path: Path) -> np.ndarray:
    """The classes of a colour-coded label map, which may not have areas of a colour that the palette lacks.

    Args:
        image: uint8 (H, W, 3).
        palette: The colours.
        tolerance: Share of the pixels that may be of other colours.
        path: Named in the message.

    Returns:
        uint8 (H, W).

    Raises:
        DataError: There are more; the message names their colours and counts.
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
            "dataset.palette_tolerance, or give the victim the picture as it is (victim.one_hot_labels=false)."
        )
    return classes


def read_indices(path: Path, classes: int) -> np.ndarray:
    """Reads an image whose pixels are class numbers.

    Args:
        path: A PNG of mode P or L, or with 16 bits.
        classes: How many classes there are.

    Returns:
        uint8 (H, W).

    Raises:
        DataError: It cannot be read, has colours, or holds a number that is no class.
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
    """Reads an image whose pixels are numbers and no colours: classes, or instances.

    Returns:
        int64 (H, W).

    Raises:
        DataError: It cannot be read, has several channels, or numbers that are not whole.
    """
    with opened(path, "an image of numbers") as image:
        numbers = np.asarray(image)
        mode = image.mode
    if numbers.ndim != 2:
        raise DataError(
            f"{path}: expected an image of one number a pixel (mode P, L or I), found mode {mode}. For label maps "
            "in colours set dataset.palette instead of dataset.index_classes."
        )
    # A TIFF may hold decimals, and what is no number at all.
    with np.errstate(invalid="ignore"):
        whole: np.ndarray = numbers.astype(np.int64)
    if (whole != numbers).any():
        raise DataError(
            f"{path}: expected an image of whole numbers, found decimals. Save it as a PNG of mode L or with 16 "
            "bits."
        )
    return whole


def check_known(numbers: np.ndarray, count: int, unlabelled: int, path: Path, kind: str, hint: str) -> None:
    """Refuses a map with a number that is neither a class, from 0 to `count` - 1, nor `unlabelled`.

    Args:
        numbers: int64 (H, W).
        count: How many classes there are.
        unlabelled: The number of pixels without one.
        path: Named in the message.
        kind: What the numbers are; completes "expected ...".
        hint: What to look at; ends the message.

    Raises:
        DataError: There is one.
    """
    unknown = np.unique(numbers[((numbers < 0) | (numbers >= count)) & (numbers != unlabelled)])
    if len(unknown):
        listed = ", ".join(map(str, unknown[:MAX_LISTED])) + (", ..." if len(unknown) > MAX_LISTED else "")
        raise DataError(f"{path}: expected {kind} from 0 to {count - 1} and {unlabelled}, found {listed}. {hint}")


def colour_map(classes: int) -> tuple[Colour, ...]:
    """Distinct colours for classes that have none of their own: PASCAL VOC's, whose bits are the class's.

    Args:
        classes: How many, up to 256.
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
    """Gives each pixel (H, W) its class's colour: uint8 (H, W, 3)."""
    painted: np.ndarray = np.asarray(palette, dtype=np.uint8)[classes]
    return painted


def resize_numbers(numbers: np.ndarray, size: int) -> np.ndarray:
    """Brings numbers (H, W) to (size, size), each pixel taking its nearest one's."""
    rows, columns = (((np.arange(size) + 0.5) * side / size).astype(np.int64) for side in numbers.shape)
    resized: np.ndarray = numbers[rows[:, None], columns]
    return resized


def instance_boundaries(instances: np.ndarray) -> np.ndarray:
    """Marks the pixels that touch another instance above, below, left or right, as pix2pixHD does.

    Args:
        instances: Numbers (H, W).

    Returns:
        uint8 (H, W): 255 on both sides of a boundary, 0 elsewhere.
    """
    marked = np.zeros(instances.shape, dtype=bool)
    sideways = instances[:, 1:] != instances[:, :-1]
    upright = instances[1:] != instances[:-1]
    marked[:, 1:] |= sideways
    marked[:, :-1] |= sideways
    marked[1:] |= upright
    marked[:-1] |= upright
    return marked.astype(np.uint8) * 255


def _nearest(image: np.ndarray, palette: Sequence[Colour]) -> tuple[np.ndarray, np.ndarray]:
    """The nearest class of each pixel, uint8 (H, W), and the squared distance from its colour, float32 (H, W)."""
    # |p - c|^2 = |p|^2 - 2 p c + |c|^2: whole numbers below 2^24, which float32 holds exactly.
    colours = np.array(palette, dtype=np.float32)
    offsets = (colours**2).sum(1)
    classes = np.empty(image.shape[:2], dtype=np.uint8)
    nearest = np.empty(image.shape[:2], dtype=np.float32)
    # A few rows at a time: a large map and a long palette would not fit into memory at once.
    for top in range(0, len(image), ROWS_PER_BLOCK):
        rows = slice(top, top + ROWS_PER_BLOCK)
        pixels = image[rows].astype(np.float32)
        distances = offsets - 2 * (pixels @ colours.T)
        classes[rows] = distances.argmin(2)
        nearest[rows] = distances.min(2) + (pixels**2).sum(2)
    return classes, nearest


def _is_flat(image: np.ndarray) -> np.ndarray:
    """Whether a pixel's 3 x 3 neighbours have nearly its colour: bool (H, W); those on the rim have none."""
    spread = maximum_filter(image, (3, 3, 1)) - minimum_filter(image, (3, 3, 1))
    flat: np.ndarray = spread.max(2) <= MAX_FLAT_DIFFERENCE
    flat[[0, -1]] = flat[:, [0, -1]] = False
    return flat
