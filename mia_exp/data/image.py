"""Decoding of image files to 8-bit sRGB pixels, with a record of the conversions."""

from enum import Enum
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mia_exp.data.pillow import ORIENTATION_TAG, opened

Conversions = frozenset["Conversion"]

UPRIGHT = 1
SIXTEEN_BIT_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")
# 65535 / 255, so that white stays white.
SIXTEEN_TO_EIGHT = 257


class Conversion(Enum):
    """A conversion of an image that was not 8-bit RGB; the value completes "in 3 pairs, ..."."""

    transparency = "transparency was composited on white"
    greyscale = "grey was repeated over the three channels"
    palette = "palette indices were looked up"
    sixteen_bit = "16 bits a channel were scaled to 8"
    cmyk = "CMYK was converted to RGB"
    orientation = "the EXIF orientation was applied"


def decode(path: Path) -> tuple[np.ndarray, Conversions]:
    """Reads an image file as 8-bit RGB; embedded colour profiles are ignored, as in pix2pix's loader.

    Args:
        path: A file in one of `pillow.FORMATS`; of an animation, the first frame is read.

    Returns:
        The pixels, uint8 (H, W, 3), and the conversions that were applied.

    Raises:
        DataError: The file is not an image, is truncated or too large, or has pixels without an 8-bit RGB
            equivalent.
    """
    with opened(path) as image:
        return _to_rgb(image)


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resizes to a square with Pillow's bicubic filter, ignoring the aspect ratio, as in pix2pix's loader.

    Args:
        image: uint8 (H, W, 3).
        size: Side of the result in pixels.

    Returns:
        uint8 (size, size, 3); the image itself if it already has that size.
    """
    if image.shape[:2] == (size, size):
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))


def _to_rgb(image: Image.Image) -> tuple[np.ndarray, Conversions]:
    done = set()
    if image.getexif().get(ORIENTATION_TAG, UPRIGHT) != UPRIGHT:
        done.add(Conversion.orientation)
        image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode in SIXTEEN_BIT_MODES:
        done |= {Conversion.sixteen_bit, Conversion.greyscale}
        image = _to_eight_bits(image)
    elif image.mode in ("1", "L", "LA", "La"):
        done.add(Conversion.greyscale)
    elif image.mode in ("P", "PA"):
        done.add(Conversion.palette)
    elif image.mode == "CMYK":
        done.add(Conversion.cmyk)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        lowest_alpha, _ = rgba.getchannel("A").getextrema()
        if lowest_alpha != 255:
            done.add(Conversion.transparency)
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return np.asarray(image.convert("RGB")), frozenset(done)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"pixel values from {values.min()} to {values.max()}, expected 0 to 65535 (16 bits)")
    return Image.fromarray(((values + SIXTEEN_TO_EIGHT // 2) // SIXTEEN_TO_EIGHT).astype(np.uint8))
