"""L_rec and L_mem by hand."""

import numpy as np

from mia_exp.attacks.numerics.augmented_error import augmented_error
from mia_exp.attacks.numerics.combine import membership_score
from mia_exp.attacks.numerics.reconstruction_error import reconstruction_error


def test_reconstruction_error_is_the_mean_absolute_difference() -> None:
    y = np.zeros((2, 1, 2, 3), np.uint8)
    v = np.array([[[[255, 0, 0], [0, 51, 0]]], [[[0, 0, 0], [0, 0, 0]]]], np.uint8)
    # (255 + 51) / 255 spread over six values; swapped, bytes must not wrap around.
    assert np.allclose(reconstruction_error(y, v), [1.2 / 6, 0])
    assert np.allclose(reconstruction_error(v, y), [1.2 / 6, 0])


def test_membership_score_subtracts_alpha_times_the_difficulty() -> None:
    error, difficulty = np.array([0.3, 0.2]), np.array([0.1, 0.4])
    assert np.allclose(membership_score(error, difficulty, 0.5), [0.25, 0.0])
    assert np.allclose(membership_score(error, difficulty, 0.0), error)


def test_augmented_error_is_the_mean_over_the_variants_of_each_pair() -> None:
    # Two pairs of three variants; variant k of pair n is wrong by 10 n + k in every value.
    wrong = np.array([[1, 2, 3], [11, 12, 13]], np.uint8)[:, :, None, None, None]
    targets = np.full((2, 3, 4, 4, 3), 100, np.uint8)
    assert np.allclose(augmented_error(targets, targets + wrong), [2 / 255, 12 / 255])
