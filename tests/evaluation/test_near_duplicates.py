"""Near-duplicates across the split: by hand, against scikit-learn, on frames, and on images that have none."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from mia_exp.attacks.attack import L_REC
from mia_exp.core.score_table import score_table
from mia_exp.evaluation.blind import BLIND_COLUMNS
from mia_exp.evaluation.evaluate import evaluate
from mia_exp.evaluation.evaluation_settings import EvaluationSettings
from mia_exp.evaluation.near_duplicates import NearPair, nearest_members


def names(count: int, kind: str) -> list[str]:
    return [f"{kind}{number:03d}" for number in range(count)]


def test_distances_by_hand() -> None:
    # On a line: members at 0, 1, 3 and 6, whose nearest tenth of three others is one: 1, 1, 2 and 3 away.
    places = np.array([0, 1, 3, 6, 3.5, 20, 6.0])
    ids = ["m0", "m1", "m2", "m3", "n0", "n1", "n2"]
    found = nearest_members(places[:, None], ids, ids[:4], ids[4:])
    # The usual distance is the median, 1.5, whatever the unit of the channel.
    assert [(pair.nonmember, pair.member) for pair in found] == [("n2", "m3"), ("n0", "m2"), ("n1", "m3")]
    assert [pair.distance for pair in found] == pytest.approx([0, 0.5 / 1.5, 14 / 1.5])
    assert [pair.is_near for pair in found] == [True, True, False]


def test_distances_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(700, 20)) * rng.uniform(0.1, 10, 20)
    vectors[:, 3] = 7  # a constant channel
    ids = names(700, "i")
    order = rng.permutation(700)
    members, nonmembers = [ids[row] for row in order[:400]], [ids[row] for row in order[400:]]
    scaled = np.delete(vectors / vectors.std(0).clip(1e-9), 3, axis=1)
    inside, outside = scaled[order[:400]], scaled[order[400:]]
    usual = np.median(NearestNeighbors(n_neighbors=41).fit(inside).kneighbors(inside)[0][:, 40])
    distances, places = NearestNeighbors(n_neighbors=1).fit(inside).kneighbors(outside)
    found = {pair.nonmember: pair for pair in nearest_members(vectors, ids, members, nonmembers)}
    for row, id in enumerate(nonmembers):
        assert found[id].member == members[places[row, 0]]
        assert found[id].distance == pytest.approx(distances[row, 0] / usual, rel=1e-9)


def test_frames_of_one_scene_are_near_and_other_scenes_are_not() -> None:
    rng = np.random.default_rng(1)
    scenes = rng.normal(size=(40, 60))
    frames = np.concatenate([scenes + 0.1 * rng.normal(size=scenes.shape) for _ in range(4)])
    alone = rng.normal(size=(40, 60))
    vectors, ids = np.concatenate([frames, alone]), [*names(160, "frame"), *names(40, "alone")]
    members = [*ids[:80], *ids[160:180]]
    found = nearest_members(vectors, ids, members, [*ids[80:160], *ids[180:]])
    near = [pair for pair in found if pair.is_near]
    assert {pair.nonmember for pair in near} == set(ids[80:160])
    # Each with a frame of its own scene.
    assert all(int(pair.nonmember[5:]) % 40 == int(pair.member[5:]) % 40 for pair in near)


def test_members_that_are_all_alike() -> None:
    vectors, ids = np.array([[1.0], [1.0], [1.0], [1.0], [2.0]]), names(5, "i")
    same, other = nearest_members(vectors, ids, ids[:3], ids[3:])
    assert same.is_near and not other.is_near


COLUMNS = [L_REC, *(column for column in BLIND_COLUMNS if column.name == "brightness")]


def evaluated(near: int) -> tuple[list[str], float]:
    """The warnings of 40 members and 40 non-members of which some are near, and the AUC without those."""
    rng = np.random.default_rng(2)
    ids = names(80, "i")
    errors = np.concatenate([rng.normal(0, 1, 40), rng.normal(2, 1, 40)])
    errors[40 : 40 + near] = rng.normal(0, 1, near)
    nearest = [NearPair(id, "i000", 0.1 if row < near else 0.9) for row, id in enumerate(ids[40:])]
    scores = score_table(ids, l_rec=errors, brightness=rng.normal(size=80))
    config = EvaluationSettings(bootstrap=100)
    evaluation = evaluate(scores, COLUMNS, ids[:40], ids[40:], config, nearest)
    assert evaluation.near_duplicates is not None
    assert (evaluation.near_duplicates.count, evaluation.near_duplicates.share) == (near, near / 40)
    kept = np.r_[0:40, 40 + near : 80]
    expected = roc_auc_score(np.arange(80)[kept] < 40, -errors[kept])
    assert evaluation.near_duplicates.auc_without["l_rec"] == pytest.approx(expected)
    return evaluation.warnings, expected


def test_many_are_warned_of_first_with_the_auc_without_them() -> None:
    warnings, without = evaluated(near=20)
    assert warnings[0].startswith("20 non-members (50 %) are near-duplicates of members")
    assert f"Without them, l_rec has AUC {without:.2f}, not " in warnings[0]


def test_few_are_not_warned_of() -> None:
    warnings, _ = evaluated(near=3)
    assert not any("are near-duplicates" in warning for warning in warnings)


def victim_warnings(gap: float) -> list[str]:
    rng = np.random.default_rng(3)
    ids = names(200, "i")
    errors = rng.normal(0.2, 0.02, 200) + np.where(np.arange(200) < 100, 0, gap)
    scores = score_table(ids, l_rec=errors, brightness=rng.normal(size=200))
    evaluation = evaluate(scores, COLUMNS, ids[:100], ids[100:], EvaluationSettings(bootstrap=100))
    error = evaluation.victim_error
    assert error is not None
    assert (error.members, error.nonmembers) == pytest.approx((errors[:100].mean(), errors[100:].mean()))
    assert evaluation.near_duplicates is None
    said = f"its error is {error.members:.4f} on the images that it was trained on and {error.nonmembers:.4f} on"
    assert all(said in warning for warning in evaluation.warnings[:1] if "not fitted" in warning)
    return evaluation.warnings


def test_a_victim_that_has_not_fitted_its_members_is_warned_of_first() -> None:
    assert victim_warnings(gap=0.0)[0].startswith("The victim has not fitted its members")
    assert "victim.epochs" in victim_warnings(gap=0.0)[0]


def test_a_victim_that_has_is_not() -> None:
    assert not any("not fitted" in warning for warning in victim_warnings(gap=0.03))
