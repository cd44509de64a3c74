"""Images written a few at a time are what NumPy writes at once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mia_exp.data.image_file import save_images

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), dtype=np.uint8)


def blocks(size: int) -> Iterator[np.ndarray]:
    yield from (IMAGES[start : start + size] for start in range(0, len(IMAGES), size))


@pytest.mark.parametrize("size", [1, 3, 7])
def test_blocks_make_the_file_that_numpy_makes(tmp_path: Path, size: int) -> None:
    save_images(tmp_path / "ours.npy", blocks(size), len(IMAGES))
    assert np.array_equal(np.load(tmp_path / "ours.npy"), IMAGES)
    # A block that does not lie in memory as it is written.
    save_images(tmp_path / "turned.npy", iter([IMAGES.transpose(0, 2, 1, 3)]), len(IMAGES))
    assert np.array_equal(np.load(tmp_path / "turned.npy"), IMAGES.transpose(0, 2, 1, 3))


@pytest.mark.parametrize("count", [6, 8])
def test_another_number_of_images_is_an_error(tmp_path: Path, count: int) -> None:
    with pytest.raises(ValueError, match=f"expected {count} images, found 7"):
        save_images(tmp_path / "ours.npy", blocks(2), count)
