"""Label maps that are being read as pictures, because nobody said that they are label maps.

A map of class numbers is nearly black as a grey picture, and neither it nor a map in colours survives being resized
as a picture is: a victim that could have read the classes sees something worse.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mia_exp.data.pillow import opened

# Maps that are looked at, spread over the dataset.
SAMPLE_SIZE = 16
# A map has no more values, or colours, than this; a photograph, or a drawing with soft edges, has more.
MAX_VALUES = 48
# A palette that is no longer than this is written out.
MAX_LISTED = 20
# Numbers up to this are small: as grey, a quarter as bright as white at the most.
MAX_SMALL_NUMBER = 63


def label_hint(paths: Sequence[Path]) -> str | None:
    """Says that inputs which are read as pictures look like label maps, and which setting reads them as such.

    Args:
        paths: The files of the inputs.

    Returns:
        A sentence or two; None where they look like pictures.

    Raises:
        DataError: A file cannot be read.
    """
    chosen = (
        [paths[row] for row in np.unique(np.linspace(0, len(paths) - 1, SAMPLE_SIZE).astype(int))] if paths else []
    )
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
    # Two colours are a drawing's: lines and paper.
    return _coloured(colours) if len(colours) > 2 and not numbers else None


def _numbered(numbers: set[int], indexed: bool) -> str | None:
    largest = max(numbers)
    if largest > 255 or largest == 0 or (indexed and len(numbers) <= 2):
        return None
    if largest > MAX_SMALL_NUMBER and not indexed:
        # A few levels of grey, far apart: a mask, a trimap.
        return _coloured({(number,) * 3 for number in numbers}) if len(numbers) > 2 else None
    seen = "in the colours of their palette" if indexed else "as grey pictures, nearly black"
    return (
        f"The inputs look like label maps: each pixel is one of {len(numbers)} small numbers, the largest "
        f"{largest}. They are read {seen}, and resized as pictures are. If they number classes, set "
        f"dataset.index_classes={largest + 1} (or more, if your dataset has more classes)."
    )


def _coloured(colours: set[tuple[int, ...]]) -> str:
    listed = "the list of their colours"
    if len(colours) <= MAX_LISTED:
        listed = "[" + ",".join("[" + ",".join(map(str, colour)) + "]" for colour in sorted(colours)) + "]"
    return (
        f"The inputs look like label maps: they have {len(colours)} colours in all, without shades between them. "
        "They are read as pictures, and resized as such. If a colour is a class, set "
        f"'dataset.palette={listed}', and a victim that takes classes (victim=pix2pixhd) gets a channel for each."
    )
