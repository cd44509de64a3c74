"""The one place where Pillow opens a dataset's file: in which formats, how large, and what is said if it cannot."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from mia_exp.core.errors import DataError
from mia_exp.core.reading import refusing

# Those that the endings in `files.SUFFIXES` stand for. Of the others, some start a program (EPS starts
# Ghostscript), and Pillow chooses by content, whatever the ending.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# Twice the number that Pillow warns above: the largest that it opens at all. Photographs of 150 megapixels fit.
MAX_PIXELS = 178_956_970
ADVICE = "Replace the file, or remove its pair."

ORIENTATION_TAG = 0x0112
# EXIF's numbers for pictures that are stored on their side.
SIDEWAYS = (5, 6, 7, 8)

# Where Pillow warns is half of where we refuse.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@contextmanager
def opened(path: Path, expected: str = "an image") -> Iterator[Image.Image]:
    """Opens an image lazily: its header is read, its pixels when they are asked for, within the block.

    Args:
        path: The file.
        expected: What it should be.

    Raises:
        DataError: It is no image of `FORMATS`, has more than `MAX_PIXELS` pixels or none, or anything in the
            block fails, since Pillow finds damage as late as that.
    """
    with refusing(path, expected, ADVICE):
        try:
            image = Image.open(path, formats=FORMATS)
        except UnidentifiedImageError:
            raise DataError(
                f"{path}: expected {expected} in one of the formats {', '.join(FORMATS)}, found a file "
                f"that is in none of them, or whose beginning is damaged. {ADVICE}"
            ) from None
        except Image.DecompressionBombError:
            raise _too_large(path) from None
        with image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _too_large(path)
            if min(width, height) < 1:
                raise ValueError(f"it has {width}x{height} pixels")
            yield image


def header_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, as `decode` would find them, from the file's header.

    Pixels are not read. A note of orientation that stands behind them, as a PNG may have it, goes unnoticed.

    Raises:
        DataError: The header cannot be read, with the message of `opened`.
    """
    with opened(path) as image:
        width, height = image.size
        # Not the method of PNG's own class, which decodes the image to look behind it.
        turned = Image.Image.getexif(image).get(ORIENTATION_TAG) in SIDEWAYS
        # Of a TIFF, Pillow says the size of the upright picture.
        return (height, width) if turned and image.format != "TIFF" else (width, height)


def _too_large(path: Path) -> DataError:
    return DataError(
        f"{path}: expected an image of {MAX_PIXELS} pixels or fewer, found more. Scale it down, or remove its pair."
    )
