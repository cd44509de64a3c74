"""Images in a `.npy` file, written in blocks, so that memory does not grow with their number."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np


def save_images(path: Path, blocks: Iterable[np.ndarray], count: int) -> None:
    """Writes images block by block.

    They are written, not memory-mapped, so that a full disk raises an error and does not crash the process.

    Args:
        path: The file.
        blocks: uint8 (n, H, W, C) each; `count` images in total.
        count: Total number of images.

    Raises:
        ValueError: `blocks` has more or fewer images.
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
        raise ValueError(f"expected {count} images, found {written}")


def write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Writes the header of a `.npy` file of uint8; the images' bytes follow in C order."""
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(file, header)
