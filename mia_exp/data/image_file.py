"""Images in a `.npy` file, written a few at a time: however many there are, few are held in memory."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np


def save_images(path: Path, blocks: Iterable[np.ndarray], count: int) -> None:
    """Writes images as they come.

    Written, not memory-mapped: a full disk is then an error and not a crash.

    Args:
        path: The file.
        blocks: uint8 (any, H, W, C) each; together `count` images.
        count: How many there will be.

    Raises:
        ValueError: There were more or fewer.
        OSError: The disk is full.
    """
    written = 0
    with path.open("wb") as file:
        for block in blocks:
            if written == 0:
                write_header(file, (count, *block.shape[1:]))
            file.write(np.ascontiguousarray(block).data)
            written += len(block)
    if written != count:
        raise ValueError(f"{written} images came instead of {count}")


def write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Begins a `.npy` file of uint8; what follows is the images' bytes in C order."""
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(file, header)
