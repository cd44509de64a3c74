import numpy as np
import pytest
import torch
from PIL import Image

from mia_exp.core.seeds import derive
from mia_exp.data.augment import EpochBatches, EpochOrder, TrainingPairs
from mia_exp.data.crop import augmented
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.store import PairStore

LOAD, SIZE = 10, 8


def coordinates():
    """An image whose pixel (row, column) holds (row, column, 0)."""
    rows, columns = np.mgrid[:LOAD, :LOAD]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)


def test_one_crop_and_one_flip_for_both():
    x, seen = coordinates(), set()
    for seed in range(200):
        crop_x, crop_y = augmented(x, 255 - x, SIZE, True, np.random.default_rng(seed))
        assert crop_x.shape == (SIZE, SIZE, 3)
        assert np.array_equal(crop_x, 255 - crop_y)
        top, first, last = int(crop_x[0, 0, 0]), int(crop_x[0, 0, 1]), int(crop_x[0, -1, 1])
        assert crop_x[:, 0, 0].tolist() == list(range(top, top + SIZE))
        assert abs(first - last) == SIZE - 1
        seen.add((top, min(first, last), first > last))
    # All 3 x 3 places, each straight and mirrored.
    assert seen == {(top, left, flip) for top in range(3) for left in range(3) for flip in (False, True)}


def test_half_are_mirrored():
    x = coordinates()
    crops = (augmented(x, x, SIZE, True, np.random.default_rng(seed))[0] for seed in range(1000))
    flips = sum(int(crop[0, 0, 1]) > int(crop[0, -1, 1]) for crop in crops)
    assert 430 < flips < 570  # four standard deviations are 63
    straight = (augmented(x, x, SIZE, False, np.random.default_rng(seed))[0] for seed in range(50))
    assert all(int(crop[0, 0, 1]) < int(crop[0, -1, 1]) for crop in straight)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    for side in ("inputs", "targets"):
        (root / side).mkdir()
        for name in range(12):
            noise = rng.integers(0, 256, (LOAD, LOAD, 3), dtype=np.uint8)
            Image.fromarray(noise).save(root / side / f"{name}.png")
    (root / "store").mkdir()
    source = FolderDataset(root=str(root)).open(root)
    return PairStore.build(source, source.records(), LOAD, LOAD, root / "store")


IDS = ["3", "1", "8", "5", "11"]


def one(pairs, epoch, position):
    return tuple(part[0] for part in pairs.batch(epoch, [position]))


def test_items(store):
    x, y, weight = one(TrainingPairs(store, IDS, SIZE, True, seed=0), 0, 2)
    assert weight == 1
    assert one(TrainingPairs(store, IDS, SIZE, True, 0, [1, 2, 3, 4, 5]), 0, 2)[2] == 3
    assert x.shape == y.shape == (3, SIZE, SIZE)
    assert x.dtype == y.dtype == torch.float32
    assert 0 <= x.min() < 0.1
    assert 0.9 < x.max() <= 1


def test_a_crop_is_the_one_that_its_generator_draws(store):
    pairs = TrainingPairs(store, IDS, SIZE, True, seed=5)
    row = store.rows(["8"])[0]
    for epoch in range(10):
        rng = np.random.default_rng(derive(5, "augmentation", epoch, "8"))
        expected = augmented(store.x[row], store.y[row], SIZE, True, rng)
        for found, image in zip(one(pairs, epoch, 2), expected, strict=False):
            assert np.array_equal((found * 255).round().numpy().astype(np.uint8), np.moveaxis(image, -1, 0))


def test_an_item_depends_on_seed_epoch_and_id_alone(store):
    pairs = TrainingPairs(store, IDS, SIZE, True, seed=0)
    moved = TrainingPairs(store, IDS[::-1], SIZE, True, seed=0)
    together = pairs.batch(4, range(len(IDS)))[0]
    for position in range(len(IDS)):
        assert torch.equal(one(pairs, 4, position)[0], one(moved, 4, len(IDS) - 1 - position)[0])
        assert torch.equal(one(pairs, 4, position)[0], together[position])
    by_epoch = {one(pairs, epoch, 0)[0].numpy().tobytes() for epoch in range(20)}
    by_seed = {one(TrainingPairs(store, IDS, SIZE, True, seed), 0, 0)[0].numpy().tobytes() for seed in range(20)}
    assert len(by_epoch) > 5
    assert len(by_seed) > 5


def test_without_augmentation_pairs_come_as_they_are(store):
    pairs = TrainingPairs(store, IDS, LOAD, False, seed=0)
    expected_x, expected_y = (half[0] for half in store.batch(["1"]))
    for epoch in range(8):
        x, y, _ = one(pairs, epoch, 1)
        assert torch.equal(x, expected_x)
        assert torch.equal(y, expected_y)


def test_pairs_of_the_wanted_size_are_mirrored_and_not_cropped(store):
    pairs = TrainingPairs(store, IDS, LOAD, True, seed=0)
    x, y = (half[0] for half in store.batch(["1"]))
    seen = set()
    for epoch in range(20):
        found_x, found_y, _ = one(pairs, epoch, 1)
        mirrored = not torch.equal(found_x, x)
        seen.add(mirrored)
        assert torch.equal(found_x, x.flip(-1) if mirrored else x)
        assert torch.equal(found_y, y.flip(-1) if mirrored else y)
    assert seen == {True, False}


def test_an_epoch_holds_every_pair_once_in_its_own_order(store):
    batches = EpochBatches(TrainingPairs(store, IDS, LOAD, False, seed=0, weights=range(5)), 2, seed=0)
    assert len(batches) == 3
    orders = []
    for epoch in range(4):
        batches.sampler.set_epoch(epoch)
        sizes, weights = zip(*((len(x), weight.tolist()) for x, _, weight in batches), strict=True)
        assert sizes == (2, 2, 1)
        orders.append([weight for batch in weights for weight in batch])
        assert orders[-1] == [float(position) for position in batches.sampler]
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_training_pairs_leave_the_store_as_it_is(store):
    before = (store.folder / "x.npy").read_bytes()
    pairs = TrainingPairs(store, IDS, LOAD, False, seed=0)
    pairs._x.zero_()
    assert (store.folder / "x.npy").read_bytes() == before


def test_the_order_depends_on_seed_and_epoch_alone():
    sampler = EpochOrder(50, seed=0)
    first = list(sampler)
    assert sorted(first) == list(range(50))
    assert list(sampler) == first
    sampler.set_epoch(7)
    later = list(sampler)
    assert sorted(later) == list(range(50))
    assert later != first
    fresh = EpochOrder(50, seed=0)
    fresh.set_epoch(7)
    assert list(fresh) == later
    assert list(EpochOrder(50, seed=1)) != first
    assert len(sampler) == 50
