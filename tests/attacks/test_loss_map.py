"""Loss maps by hand."""

import numpy as np

from mia_exp.attacks.loss_map import loss_maps


def test_values_on_a_two_by_two_image() -> None:
    y = np.array([[[0, 0, 0], [255, 10, 7]], [[100, 100, 100], [1, 2, 3]]], np.uint8)[None]
    v = np.array([[[255, 0, 1], [255, 0, 9]], [[90, 110, 100], [3, 2, 1]]], np.uint8)[None]
    expected = [[[255, 0, 1], [0, 10, 2]], [[10, 10, 0], [2, 0, 2]]]
    assert loss_maps(y, v)[0].tolist() == expected
    assert loss_maps(v, y)[0].tolist() == expected, "bytes must not wrap around"
    assert loss_maps(y, v).dtype == np.uint8
