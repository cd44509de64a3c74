import errno
import logging
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data import Record
from mia_exp.data.readers.folder import FolderDataset, FolderPairs
from mia_exp.data.store import PairStore

COUNT = 150  # more than are decoded ahead


@pytest.fixture
def root(tmp_path):
    """Noise, a different one in each image, so that no row can stand for another."""
    rng = np.random.default_rng(0)
    for side in ("inputs", "targets"):
        (tmp_path / side).mkdir()
        for name in range(COUNT):
            noise = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / side / f"{name}.png")
    return tmp_path


@pytest.fixture
def source(root):
    return FolderDataset(root=str(root)).open(root)


def build(source, folder, size=8, minimum=8, workers=None):
    folder.mkdir()
    return PairStore.build(source, source.records(), size, minimum, folder, workers)


def pixels(root, side, id):
    with Image.open(root / side / f"{id}.png") as image:
        return np.asarray(image)


def test_every_row_is_its_file(root, source, tmp_path):
    build(source, tmp_path / "store")
    store = PairStore.open(tmp_path / "store")
    assert store.ids == [str(name) for name in range(COUNT)]
    assert store.x.shape == store.y.shape == (COUNT, 8, 8, 3)
    assert store.size == 8
    for row, id in enumerate(store.ids):
        assert np.array_equal(store.x[row], pixels(root, "inputs", id))
        assert np.array_equal(store.y[row], pixels(root, "targets", id))


def test_index(source, tmp_path):
    store = build(source, tmp_path / "store")
    listed = zip(store.ids, store.partitions, store.source_bytes, strict=True)
    assert [Record(*row) for row in listed] == source.records()


def test_the_number_of_workers_does_not_matter(source, tmp_path):
    stores = [build(source, tmp_path / f"store{workers}", 11, 8, workers) for workers in (1, 4)]
    for name in ("x.npy", "y.npy", "index.parquet"):
        assert (stores[0].folder / name).read_bytes() == (stores[1].folder / name).read_bytes()


def test_rows_and_batch(root, source, tmp_path):
    store = build(source, tmp_path / "store")
    assert store.rows(["7", "3", "7"]).tolist() == [7, 3, 7]
    x, y = store.batch(["7", "3"])
    assert x.shape == y.shape == (2, 3, 8, 8)
    assert x.dtype == torch.float32
    # By torch's own layout: channel, row, column.
    assert x[1, 2, 4, 5].item() == pytest.approx(pixels(root, "inputs", "3")[4, 5, 2] / 255, abs=1e-7)
    assert y[0, 0, 6, 1].item() == pytest.approx(pixels(root, "targets", "7")[6, 1, 0] / 255, abs=1e-7)
    with pytest.raises(KeyError):
        store.rows(["nobody"])


def test_a_worker_gets_the_folder_and_not_the_pixels(source, tmp_path):
    store = build(source, tmp_path / "store")
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).x, store.x)


def test_the_first_unreadable_image_stops_the_build(root, source, tmp_path):
    for name in (90, 40):
        (root / "targets" / f"{name}.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"40\.png"):
        build(source, tmp_path / "store")


def test_too_small_stops_the_build(source, tmp_path):
    with pytest.raises(DataError, match="16x16"):
        build(source, tmp_path / "store", size=16, minimum=16)


def test_conversions_are_told_once_with_their_count(root, source, tmp_path, caplog):
    for name in (3, 12, 100):
        Image.new("RGBA", (8, 8)).save(root / "inputs" / f"{name}.png")
    Image.new("L", (8, 8)).save(root / "targets" / "12.png")
    with caplog.at_level(logging.WARNING):
        build(source, tmp_path / "store")
    assert [record.getMessage() for record in caplog.records] == [
        "in 1 of 150 pairs, grey was repeated over the three channels (first: 12)",
        "in 3 of 150 pairs, transparency was composited on white (first: 3)",
    ]


def test_a_full_disk_is_an_os_error(source, tmp_path):
    try:
        full = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115
    except OSError:
        pytest.skip("this system has no /dev/full")
    full.close()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x.npy").symlink_to("/dev/full")
    with pytest.raises(OSError) as caught:
        PairStore.build(source, source.records(), 8, 8, tmp_path / "store")
    assert caught.value.errno == errno.ENOSPC


def test_images_without_inputs_are_stored_once(root, source, tmp_path):
    class Photos(FolderPairs):
        """Photos of which x is y, as in ImageNet."""

        def load(self, id, size, minimum):
            _, y, conversions = super().load(id, size, minimum)
            return y, y, conversions

    photos = Photos(FolderDataset(root=str(root)))
    records = photos.records()[:90]
    (tmp_path / "store").mkdir()
    PairStore.build(photos, records, 8, 8, tmp_path / "store", has_inputs=False)
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"y.npy", "index.parquet"}
    store = PairStore.open(tmp_path / "store")
    assert store.x.shape == (90, 8, 8, 3)
    x, y = store.batch(["17", "4"])
    assert torch.equal(x, y)
    assert np.array_equal(store.x[17], pixels(root, "targets", "17"))
