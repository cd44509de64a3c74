"""L_rec and L_mem by hand."""

from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest

from mia_exp.attacks.attack import Attack
from mia_exp.attacks.augmented import Augmented
from mia_exp.attacks.multi_image import MultiImage
from mia_exp.attacks.numerics.augmented_error import augmented_error
from mia_exp.attacks.numerics.reconstruction_error import reconstruction_error
from mia_exp.attacks.ours import Ours
from mia_exp.attacks.supervised import Supervised
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.score_table import score_table

IDS = ["a", "b"]


def test_reconstruction_error_is_the_mean_absolute_difference() -> None:
    y = np.zeros((2, 1, 2, 3), np.uint8)
    v = np.array([[[[255, 0, 0], [0, 51, 0]]], [[[0, 0, 0], [0, 0, 0]]]], np.uint8)
    # (255 + 51) / 255 spread over six values; swapped, bytes must not wrap around.
    assert np.allclose(reconstruction_error(y, v), [1.2 / 6, 0])
    assert np.allclose(reconstruction_error(v, y), [1.2 / 6, 0])


def scored(attack: Attack, l_rec: list[float], l_diff: list[float], **made: list[float]) -> pd.DataFrame:
    """An attack's scores of two pairs, where the tables that it has made hold the columns `made`."""
    evidence = MagicMock(ids=IDS, l_rec=pd.Series(l_rec, IDS), l_diff=pd.Series(l_diff, IDS), image_size=64)
    evidence.query.sizes = ImageSizes.only(64)
    # In another order: what belongs together is told by the ids.
    evidence.table.return_value = score_table(IDS, **made).iloc[::-1]
    return attack.score(evidence)


def test_membership_score_subtracts_alpha_times_the_difficulty() -> None:
    error, difficulty = [0.3, 0.2], [0.1, 0.4]
    assert list(scored(Ours(), error, difficulty).index) == IDS
    assert np.allclose(scored(Ours(alpha=0.5), error, difficulty)["l_mem"], [0.25, 0.0])
    assert np.allclose(scored(Ours(alpha=0.0), error, difficulty)["l_mem"], error)


@pytest.mark.parametrize(
    ("attack", "error", "difficulty", "score"),
    [
        (Augmented, "l_rec_aug", "l_diff", "l_mem_aug"),
        (MultiImage, "l_rec", "l_shadow", "l_mem_multi"),
        (Supervised, "l_rec", "l_vsd", "l_mem_vsd"),
    ],
)
def test_others_put_another_error_or_difficulty_in_its_place(
    attack: type[Attack], error: str, difficulty: str, score: str, tmp_path: Path
) -> None:
    values = {"l_rec": [9.0, 9.0], "l_diff": [9.0, 9.0], error: [0.3, 0.2], difficulty: [0.1, 0.4]}
    (tmp_path / "regressor").write_bytes(b"")
    more = {"regressor": str(tmp_path / "regressor")} if attack is Supervised else {}
    found = scored(attack(alpha=0.5, **more), **values)
    assert list(found.index) == IDS
    assert np.allclose(found[score], [0.25, 0.0])
    assert np.allclose(scored(attack(alpha=0.0, **more), **values)[score], [0.3, 0.2])


def test_augmented_error_is_the_mean_over_the_variants_of_each_pair() -> None:
    # Two pairs of three variants; variant k of pair n is wrong by 10 n + k in every value.
    wrong = np.array([[1, 2, 3], [11, 12, 13]], np.uint8)[:, :, None, None, None]
    targets = np.full((2, 3, 4, 4, 3), 100, np.uint8)
    assert np.allclose(augmented_error(targets, targets + wrong), [2 / 255, 12 / 255])
