"""Face landmarks: reading them, and drawing them as a contour image."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mia_exp.core.errors import DataError
from mia_exp.core.reading import read_text, short
from mia_exp.data.named_rows import named_rows, split_cells

Points = NDArray[np.float64]

# Lines of the 68-point scheme (iBUG 300-W, as in dlib): first point, last point, whether the line is closed.
PARTS_68 = (
    (0, 16, False),  # jaw
    (17, 21, False),  # brows
    (22, 26, False),
    (27, 30, False),  # bridge of the nose
    (31, 35, False),  # its base
    (36, 41, True),  # eyes
    (42, 47, True),
    (48, 59, True),  # lips, outer and inner
    (60, 67, True),
)
# CelebA's five points: eyes, nose, mouth corners. Discs at the first three, a line for the mouth.
EYES_AND_NOSE, MOUTH = (0, 1, 2), (3, 4)
# Width of lines and diameter of discs, as shares of the image's side.
LINE = 1 / 64
DISC = 1 / 24
# Drawn at this multiple of the size and downsampled, for antialiasing.
OVERSAMPLING = 4
# In pixels. Larger coordinates are errors in the file, and would take very long to draw.
MAX_COORDINATE = 100_000


def read_landmarks(path: Path, count: int) -> dict[str, Points]:
    """Reads a table of image names and points, separated by commas or whitespace.

    It is a CSV of image, x0, y0, x1, ... or CelebA's own `list_landmarks_align_celeba.txt`. Headers and row numbers
    are recognised by `tables.named_rows`.

    Args:
        path: The file.
        count: Number of points per image.

    Returns:
        By image name: (count, 2), x and y in pixels.

    Raises:
        DataError: The file is missing, is not text, or has no rows; or a row cannot be parsed, has too large
            coordinates, or repeats an image.
    """
    if not path.is_file():
        raise DataError(
            f"{path}: expected a file with {count} landmarks for each face, found no such file. Set "
            "dataset.landmarks_file to its name, or dataset.landmarks to points_68 or points_5."
        )
    expected = f"an image's name and {2 * count} numbers"
    lines = ((number, split_cells(line)) for number, line in enumerate(read_text(path).splitlines(), 1))
    by_name: dict[str, Points] = {}
    for row in named_rows(path, lines, 2 * count, expected):
        try:
            points = np.array([float(number) for number in row.numbers]).reshape(count, 2)
        except ValueError:
            points = np.full((count, 2), np.nan)
        if not np.isfinite(points).all():
            raise DataError(f"{row.place}: expected {expected}, found {short(' '.join(row.numbers))!r}.")
        if (np.abs(points) > MAX_COORDINATE).any():
            raise DataError(
                f"{row.place}: expected points in pixels, {MAX_COORDINATE} at most, found "
                f"{np.abs(points).max():g} for {short(row.name)}. Correct the row, or remove it and its image."
            )
        if row.name in by_name:
            raise DataError(f"{row.place}: {short(row.name)} already has landmarks. Remove one of the two rows.")
        by_name[row.name] = points
    if not by_name:
        raise DataError(
            f"{path}: expected rows of {expected}, found none. Set dataset.landmarks to points_68 or points_5, "
            "according to the file."
        )
    return by_name


def draw_contours(points: Points, size: int) -> np.ndarray:
    """Draws landmarks, white on black.

    Args:
        points: (68, 2) or (5, 2), x and y relative to the image's width and height.
        size: Side of the drawing in pixels.

    Returns:
        uint8 (size, size, 3).
    """
    side = size * OVERSAMPLING
    canvas = Image.new("L", (side, side))
    draw = ImageDraw.Draw(canvas)
    places = [(float(x) * side, float(y) * side) for x, y in points]
    width = max(1, round(LINE * side))
    if len(points) == 68:
        for first, last, closed in PARTS_68:
            line = places[first : last + 1]
            draw.line([*line, line[0]] if closed else line, fill=255, width=width, joint="curve")
    else:
        radius = DISC * side / 2
        for x, y in (places[number] for number in EYES_AND_NOSE):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        draw.line([places[number] for number in MOUTH], fill=255, width=2 * width)
    small = canvas.resize((size, size), Image.Resampling.BOX)
    return np.repeat(np.asarray(small)[:, :, None], 3, axis=2)
