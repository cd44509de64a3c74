"""Label maps that are read as pictures are noticed, and pictures are not taken for label maps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mia_exp.data.label_hint import label_hint
from mia_exp.data.readers.folder import FolderDataset, FolderPairs
from tests.conftest import draw_pair

Drawn = Callable[[int], Image.Image]


def classes(count: int, seed: int) -> np.ndarray:
    """Blocks of class numbers, uint8 (64, 64)."""
    blocks = np.random.default_rng(seed).integers(0, count, (8, 8))
    blocks.flat[0] = count - 1
    return np.kron(blocks, np.ones((8, 8))).astype(np.uint8)


def numbered(count: int) -> Drawn:
    return lambda seed: Image.fromarray(classes(count, seed))


def indexed(seed: int) -> Image.Image:
    image = Image.fromarray(classes(21, seed), "P")
    image.putpalette(np.random.default_rng(0).integers(0, 256, 63).astype(np.uint8).tobytes())
    return image


COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)


def coloured(seed: int) -> Image.Image:
    return Image.fromarray(COLOURS[classes(3, seed)])


def trimap(seed: int) -> Image.Image:
    return Image.fromarray(classes(3, seed) * 127)


def wide(seed: int) -> Image.Image:
    return Image.fromarray(classes(20, seed).astype(np.uint16))


def written(folder: Path, drawn: Drawn, ending: str = "png") -> list[Path]:
    paths = []
    for number in range(20):
        paths.append(folder / f"{number}.{ending}")
        drawn(number).save(paths[-1])
    return paths


@pytest.mark.parametrize(
    ("drawn", "setting"),
    [
        (numbered(34), "dataset.index_classes=34"),
        (numbered(2), "dataset.index_classes=2"),
        (indexed, "dataset.index_classes=21"),
        (wide, "dataset.index_classes=20"),
        (coloured, "'dataset.palette=[[0,0,0],[0,0,255],[255,0,0]]'"),
        (trimap, "'dataset.palette=[[0,0,0],[127,127,127],[254,254,254]]'"),
    ],
)
def test_label_maps_are_noticed(tmp_path: Path, drawn: Drawn, setting: str) -> None:
    hint = label_hint(written(tmp_path, drawn))
    assert hint is not None and setting in hint


def grey_photo(seed: int) -> Image.Image:
    return draw_pair(seed)[1].convert("L")


def mask(seed: int) -> Image.Image:
    return Image.fromarray(classes(2, seed) * 255)


def black(seed: int) -> Image.Image:
    return Image.new("L", (64, 64))


@pytest.mark.parametrize("drawn", [lambda n: draw_pair(n)[1], lambda n: draw_pair(n)[0], grey_photo, mask, black])
def test_pictures_are_not(tmp_path: Path, drawn: Drawn) -> None:
    assert label_hint(written(tmp_path, drawn)) is None


def test_colours_that_jpeg_has_smeared_are_not(tmp_path: Path) -> None:
    assert label_hint(written(tmp_path, coloured, "jpg")) is None


def test_nothing_is_said_where_the_classes_are_named(tmp_path: Path) -> None:
    for folder in ("inputs", "targets"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, numbered(5))
    readings: list[dict[str, Any]] = [{}, {"index_classes": 5}, {"palette": [[0, 0, 0], [1, 1, 1]]}]
    sources = [FolderPairs(FolderDataset(root=str(tmp_path), **reading)) for reading in readings]
    hints = [source.hint([record.id for record in source.records()]) for source in sources]
    assert [hint is not None for hint in hints] == [True, False, False]


def test_the_setting_that_is_named_mends_it(tmp_path: Path) -> None:
    for folder in ("inputs", "targets"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, numbered(12))
    as_grey, as_classes = (
        FolderPairs(FolderDataset(root=str(tmp_path), index_classes=count)).load("3", 64, 64)[0]
        for count in (None, 12)
    )
    assert as_grey.max() == 11
    # Each class has a colour of its own, and none is a shade of another's.
    assert len(np.unique(as_classes.reshape(-1, 3), axis=0)) == len(np.unique(classes(12, 3)))
    assert as_classes.max() == 192
