import shutil

import numpy as np
import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data import Record
from mia_exp.data.readers.side_by_side import Direction, Side, SideBySideDataset
from tests.data.conftest import LEFT, RIGHT


def config(root=None, **settings) -> SideBySideDataset:
    settings = {"name": "streets", "folder": "streets", "homepage": "https://example.org", **settings}
    return SideBySideDataset(root=None if root is None else str(root), **settings)


@pytest.fixture
def root(tmp_path, side_by_side):
    return side_by_side(tmp_path / "streets", {"train": ["1", "2", "10"], "test": ["1"], "other": ["1"]})


def test_lists_the_configured_partitions_in_natural_order(root):
    records = config(root).open(root).records()
    assert [r.id for r in records] == ["train/1", "train/2", "train/10", "test/1"]
    size = (root / "train" / "1.png").stat().st_size
    assert records[0] == Record("train/1", "train", size)


@pytest.mark.parametrize(
    ("photo_side", "direction", "x", "y"),
    [
        (Side.left, Direction.label_to_photo, RIGHT, LEFT),
        (Side.left, Direction.photo_to_label, LEFT, RIGHT),
        (Side.right, Direction.label_to_photo, LEFT, RIGHT),
        (Side.right, Direction.photo_to_label, RIGHT, LEFT),
    ],
)
def test_which_half_is_which(root, photo_side, direction, x, y):
    source = config(root, photo_side=photo_side, direction=direction).open(root)
    loaded_x, loaded_y, conversions = source.load("train/1", 16, 32)
    assert loaded_x.shape == loaded_y.shape == (16, 16, 3)
    assert (loaded_x == x).all()
    assert (loaded_y == y).all()
    assert conversions == frozenset()


def test_too_small(root):
    with pytest.raises(DataError, match=r"1\.png.*33x33.*32x32"):
        config(root).open(root).load("train/1", 16, 33)


def test_odd_width(root):
    Image.new("RGB", (65, 32)).save(root / "train" / "1.png")
    with pytest.raises(DataError, match=r"1\.png.*65x32"):
        config(root).open(root).load("train/1", 16, 16)


def test_root_may_be_the_parent(root):
    assert len(config(root.parent).open(root).records()) == 4


def test_user_data_folder(root, monkeypatch):
    monkeypatch.setenv("MIA_EXP_DATA", str(root.parent))
    assert len(config().open(root / "unused").records()) == 4


def test_data_dir_is_used_before_a_download(root):
    assert len(config(archive_url="http://localhost:9/x.tar.gz").open(root.parent).records()) == 4


@pytest.mark.parametrize("variable", [True, False])
def test_a_named_folder_that_is_missing_is_never_downloaded(tmp_path, monkeypatch, variable):
    monkeypatch.setenv("MIA_EXP_DATA", str(tmp_path / "nowhere") if variable else "")
    wrong = config(None if variable else tmp_path / "nowhere", archive_url="http://localhost:9/x.tar.gz")
    with pytest.raises(DataError, match="nowhere") as caught:
        wrong.open(tmp_path / "data")
    assert "localhost" not in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_no_archive_says_where_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"register.*example\.org.*dataset\.root"):
        config().open(tmp_path)


def test_empty_partition(root):
    shutil.rmtree(root / "test")
    (root / "test").mkdir()
    with pytest.raises(DataError, match="test"):
        config(root).open(root).records()


def test_a_missing_partition_is_told(root, caplog):
    shutil.rmtree(root / "test")
    assert len(config(root).open(root).records()) == 3
    assert "no folder test" in caplog.text


def test_fingerprint_changes_with_a_pixel(root):
    before = config(root).open(root).fingerprint(["train/1"])
    assert config(root).open(root).fingerprint(["train/1"]) == before
    Image.new("RGB", (64, 32)).save(root / "train" / "1.png")
    assert config(root).open(root).fingerprint(["train/1"]) != before


def test_official_partitions():
    assert config(nonmember_partitions=["val"]).official_partitions() == (["train"], ["val"])


@pytest.mark.parametrize(
    ("folder", "nonmembers", "counts"),
    [
        pytest.param("facades", "test", {"train": 400, "test": 106}, marks=pytest.mark.real_data("facades")),
        pytest.param("maps", "val", {"train": 1096, "val": 1098}, marks=pytest.mark.real_data("maps")),
        pytest.param("cityscapes", "val", {"train": 2000, "val": 500}, marks=pytest.mark.real_data("cityscapes")),
    ],
)
def test_real_datasets(real_data, folder, nonmembers, counts):
    source = config(real_data, folder=folder, nonmember_partitions=[nonmembers]).open(real_data)
    partitions = [r.partition for r in source.records()]
    assert {name: partitions.count(name) for name in counts} == counts
    x, y, conversions = source.load("train/1", 256, 256)
    with Image.open(real_data / folder / "train" / "1.jpg") as image:
        assert np.array_equal(np.hstack([y, x]), np.asarray(image))
    assert conversions == frozenset()


@pytest.mark.real_data("facades")
def test_in_facades_x_is_the_label_map(real_data):
    source = config(real_data, folder="facades").open(real_data)
    x, y, _ = source.load("train/1", 256, 256)
    # CMP paints its labels in strong colours, walls blue; a photo of a house is mostly grey.
    saturation = [np.ptp(image.astype(int), axis=2).mean() for image in (x, y)]
    assert saturation[0] > 2 * saturation[1]
