"""The only place where Pillow opens a dataset's files: allowed formats, size limit, error messages."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from mia_exp.core.errors import DataError
from mia_exp.core.reading import refusing

# The formats of the extensions in `files.SUFFIXES`. Some other formats start a program (EPS starts Ghostscript),
# and Pillow chooses by content, not by extension.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# Pillow's own limit, twice the size from which it warns. Photographs of 150 megapixels are below it.
MAX_PIXELS = 178_956_970
ADVICE = "Replace the file, or remove its pair."

ORIENTATION_TAG = 0x0112
# EXIF orientations of images that are stored rotated by 90 degrees.
SIDEWAYS = (5, 6, 7, 8)

# Pillow warns at half of the limit above.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@contextmanager
def opened(path: Path, expected: str = "an image") -> Iterator[Image.Image]:
    """Opens an image lazily: its header is read at once, its pixels on access within the block.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Raises:
        DataError: It is not an image in one of `FORMATS`, has more than `MAX_PIXELS` pixels or none, or the block
            fails, since Pillow finds damage only when pixels are read.
    """
    with refusing(path, expected, ADVICE):
        try:
            image = Image.open(path, formats=FORMATS)
        except UnidentifiedImageError:
            raise DataError(
                f"{path}: expected {expected} in one of the formats {', '.join(FORMATS)}, found a file "
                f"in another format or with a damaged header. {ADVICE}"
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
    """Width and height in pixels, as `decode` returns them, from the file's header.

    Pixels are not read. An EXIF orientation after the pixels, as a PNG may have it, is not noticed.

    Raises:
        DataError: The header cannot be read, with the message of `opened`.
    """
    with opened(path) as image:
        width, height = image.size
        # Not the method of PNG's own class, which decodes the pixels to read what follows them.
        rotated = Image.Image.getexif(image).get(ORIENTATION_TAG) in SIDEWAYS
        # For a TIFF, Pillow returns the size after rotation.
        return (height, width) if rotated and image.format != "TIFF" else (width, height)


def _too_large(path: Path) -> DataError:
    return DataError(
        f"{path}: expected an image of {MAX_PIXELS} pixels or fewer, found more. Scale it down, or remove its pair."
    )
