"""L_rec and L_mem by hand."""

import numpy as np
import pandas as pd

from mia_exp.attacks.combine import membership_score
from mia_exp.attacks.reconstruction import reconstruction_error


def test_reconstruction_error_is_the_mean_absolute_difference() -> None:
    y = np.zeros((2, 1, 2, 3), np.uint8)
    v = np.array([[[[255, 0, 0], [0, 51, 0]]], [[[0, 0, 0], [0, 0, 0]]]], np.uint8)
    # (255 + 51) / 255 spread over six values; swapped, bytes must not wrap around.
    assert np.allclose(reconstruction_error(y, v), [1.2 / 6, 0])
    assert np.allclose(reconstruction_error(v, y), [1.2 / 6, 0])


def test_membership_score_subtracts_alpha_times_the_difficulty() -> None:
    scores = pd.DataFrame({"l_rec": [0.3, 0.2], "l_diff": [0.1, 0.4]})
    assert np.allclose(membership_score(scores, 0.5)["l_mem"], [0.25, 0.0])
    assert np.allclose(membership_score(scores, 0.0)["l_mem"], scores["l_rec"])
