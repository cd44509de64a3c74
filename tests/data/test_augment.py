import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import BatchSampler, DataLoader

from mia_exp.config import FolderDataset
from mia_exp.data import EpochSampler, PairStore, TrainingPairs, augmented, open_source

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
    return PairStore.build(open_source(FolderDataset(root=str(root)), root), LOAD, LOAD, root / "store")


IDS = ["3", "1", "8", "5", "11"]


def test_items(store):
    x, y, weight = TrainingPairs(store, IDS, SIZE, True, seed=0)[0, 2]
    assert weight == 1
    assert TrainingPairs(store, IDS, SIZE, True, 0, [1, 2, 3, 4, 5])[0, 2][2] == 3
    assert x.shape == y.shape == (3, SIZE, SIZE)
    assert x.dtype == y.dtype == torch.float32
    assert 0 <= x.min() < 0.1
    assert 0.9 < x.max() <= 1


def test_an_item_depends_on_seed_epoch_and_id_alone(store):
    pairs = TrainingPairs(store, IDS, SIZE, True, seed=0)
    moved = TrainingPairs(store, IDS[::-1], SIZE, True, seed=0)
    for position in range(len(IDS)):
        assert torch.equal(pairs[4, position][0], moved[4, len(IDS) - 1 - position][0])
    by_epoch = {pairs[epoch, 0][0].numpy().tobytes() for epoch in range(20)}
    by_seed = {TrainingPairs(store, IDS, SIZE, True, seed)[0, 0][0].numpy().tobytes() for seed in range(20)}
    assert len(by_epoch) > 5
    assert len(by_seed) > 5


def test_without_augmentation_pairs_come_as_they_are(store):
    pairs = TrainingPairs(store, IDS, LOAD, False, seed=0)
    expected_x, expected_y = (half[0] for half in store.batch(["1"]))
    for epoch in range(8):
        x, y, _ = pairs[epoch, 1]
        assert torch.equal(x, expected_x)
        assert torch.equal(y, expected_y)


def test_pairs_of_the_wanted_size_are_mirrored_and_not_cropped(store):
    pairs = TrainingPairs(store, IDS, LOAD, True, seed=0)
    x, y = (half[0] for half in store.batch(["1"]))
    seen = set()
    for epoch in range(20):
        found_x, found_y, _ = pairs[epoch, 1]
        mirrored = not torch.equal(found_x, x)
        seen.add(mirrored)
        assert torch.equal(found_x, x.flip(-1) if mirrored else x)
        assert torch.equal(found_y, y.flip(-1) if mirrored else y)
    assert seen == {True, False}


def test_the_order_depends_on_seed_and_epoch_alone():
    sampler = EpochSampler(50, seed=0)
    first = list(sampler)
    assert sorted(first) == [(0, position) for position in range(50)]
    assert list(sampler) == first
    sampler.set_epoch(7)
    later = list(sampler)
    assert sorted(later) == [(7, position) for position in range(50)]
    assert [p for _, p in later] != [p for _, p in first]
    fresh = EpochSampler(50, seed=0)
    fresh.set_epoch(7)
    assert list(fresh) == later
    assert list(EpochSampler(50, seed=1)) != first
    assert len(sampler) == 50


def test_workers_change_nothing(store):
    pairs = TrainingPairs(store, IDS, SIZE, True, seed=0)
    assert len(pickle.dumps(pairs)) < 2000

    def epoch(workers, number):
        sampler = EpochSampler(len(IDS), seed=0)
        sampler.set_epoch(number)
        batches = BatchSampler(sampler, 2, drop_last=False)
        loader = DataLoader(
            pairs, batch_sampler=batches, num_workers=workers, multiprocessing_context="spawn" if workers else None
        )
        return torch.cat([x for x, _, _ in loader])

    assert torch.equal(epoch(0, 3), epoch(2, 3))
