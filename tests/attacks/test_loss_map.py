"""Loss maps by hand."""

import numpy as np

from mia_exp.attacks.numerics.loss_map import LossMaps, loss_maps


def test_values_on_a_two_by_two_image() -> None:
    y = np.array([[[0, 0, 0], [255, 10, 7]], [[100, 100, 100], [1, 2, 3]]], np.uint8)[None]
    v = np.array([[[255, 0, 1], [255, 0, 9]], [[90, 110, 100], [3, 2, 1]]], np.uint8)[None]
    expected = [[[255, 0, 1], [0, 10, 2]], [[10, 10, 0], [2, 0, 2]]]
    assert loss_maps(y, v)[0].tolist() == expected
    assert loss_maps(v, y)[0].tolist() == expected, "bytes must not wrap around"
    assert loss_maps(y, v).dtype == np.uint8


def test_patches_of_many_maps_are_cut_from_their_own_pairs() -> None:
    rng = np.random.default_rng(0)
    targets, outputs = (rng.integers(0, 256, (count, 6, 6, 3), dtype=np.uint8) for count in (5, 3))
    rows = np.array([4, 0, 2])
    ids = ["e", "a", "c"]
    maps = LossMaps(lambda id: targets["abcde".index(id)], ids, outputs)
    assert maps.shape == (3, 6, 6, 3)
    whole = np.abs(targets[rows].astype(int) - outputs.astype(int))
    assert np.array_equal(maps[1, 2:5, 1:4], whole[1, 2:5, 1:4])
