"""Detection of label maps that are read as ordinary images, because no setting declares them as label maps.

A map of class numbers is nearly black when read as a greyscale image, and resizing by interpolation changes the
classes of any label map: the victim's input is then worse than one channel per class.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mia_exp.data.pillow import opened

# Number of inputs that are examined, spread over the dataset.
N_SAMPLES = 16
# A label map has at most this many values or colours; a photograph, or a drawing with antialiased edges, has more.
MAX_VALUES = 48
# A palette of at most this many colours is written out.
MAX_LISTED = 20
# Numbers up to this are small: as grey values, at most a quarter of white.
MAX_SMALL_NUMBER = 63


def label_hint(paths: Sequence[Path]) -> str | None:
    """A hint if inputs that are read as images look like label maps, with the setting that would read them so.

    Args:
        paths: The files of the inputs.

    Returns:
        One or two sentences; None if the inputs look like images.

    Raises:
        DataError: A file cannot be read.
    """
    rows = np.unique(np.linspace(0, len(paths) - 1, N_SAMPLES).astype(int)) if paths else ()
    chosen = [paths[row] for row in rows]
    numbers: set[int] = set()
    colours: set[tuple[int, ...]] = set()
    indexed = False
    for path in chosen:
        with opened(path) as image:
            indexed |= image.mode == "P"
            if image.mode in ("L", "P", "I", "I;16"):
                found = np.unique(np.asarray(image))
                numbers |= set(found.tolist())
            else:
                found = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
                colours |= {tuple(colour) for colour in found.tolist()}
        if len(found) > MAX_VALUES:
            return None
    if numbers and not colours:
        return _numbered(numbers, indexed)
    # Two colours are taken for a line drawing.
    return _coloured(colours) if len(colours) > 2 and not numbers else None


def _numbered(numbers: set[int], indexed: bool) -> str | None:
    largest = max(numbers)
    if largest > 255 or largest == 0 or (indexed and len(numbers) <= 2):
        return None
    if largest > MAX_SMALL_NUMBER and not indexed:
        # A few distant levels of grey: a mask or a trimap.
        return _coloured({(number,) * 3 for number in numbers}) if len(numbers) > 2 else None
    appearance = "in the colours of their palette" if indexed else "as greyscale images, nearly black"
    return (
        f"The inputs look like label maps: each pixel is one of {len(numbers)} small numbers, the largest "
        f"{largest}. They are read {appearance}, and resized by interpolation. If they are class numbers, set "
        f"dataset.index_classes={largest + 1} (or more, if your dataset has more classes)."
    )


def _coloured(colours: set[tuple[int, ...]]) -> str:
    listed = "the list of their colours"
    if len(colours) <= MAX_LISTED:
        listed = "[" + ",".join("[" + ",".join(map(str, colour)) + "]" for colour in sorted(colours)) + "]"
    return (
        f"The inputs look like label maps: they have only {len(colours)} colours, without shades between them. "
        "They are read as images, and resized by interpolation. If each colour is a class, set "
        f"'dataset.palette={listed}', and a victim that uses classes (victim=pix2pixhd) gets one channel per class."
    )
