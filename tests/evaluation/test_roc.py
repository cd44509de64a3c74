"""ROC statistics against scikit-learn and against hand-computed values."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from mia_exp.core.errors import MiaError
from mia_exp.evaluation.roc import assign_folds, auc, balanced_accuracy, rank, roc_curve, tpr_at_fpr


def tied_scores(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Scores of one decimal, so that most are tied, within a group and across."""
    rng = np.random.default_rng(seed)
    is_member = rng.random(n) < 0.4
    return np.round(rng.normal(size=n) + 0.7 * is_member, 1), is_member


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_sklearns_with_ties(seed):
    scores, is_member = tied_scores(seed)
    assert auc(scores, is_member) == pytest.approx(roc_auc_score(is_member, scores), abs=1e-14)


def test_auc_by_hand():
    # Members 3, 2; non-members 2, 1: three pairs right, one tied: 3.5 of 4.
    assert auc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])) == 0.875


def test_auc_of_a_constant_is_half():
    assert auc(np.zeros(10), np.arange(10) < 3) == 0.5


@pytest.mark.parametrize("seed", range(3))
def test_curve_is_sklearns(seed):
    scores, is_member = tied_scores(seed)
    curve = roc_curve(scores, is_member)
    fpr, tpr, thresholds = sklearn_roc_curve(is_member, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.fpr, fpr)
    np.testing.assert_allclose(curve.tpr, tpr)
    np.testing.assert_allclose(curve.thresholds, thresholds)


def test_weights_are_repetitions():
    scores, is_member = tied_scores(7, 40)
    weights = np.random.default_rng(0).integers(0, 4, size=(3, 40))
    members, nonmembers = weights[:, is_member], weights[:, ~is_member]
    area = rank(scores, is_member).auc(members, nonmembers)
    for row, times in enumerate(weights):
        repeated, labels = np.repeat(scores, times), np.repeat(is_member, times)
        assert area[row] == pytest.approx(roc_auc_score(labels, repeated))


TEN = np.array([10.0, 9, 8, 7, 6, 5, 4, 3, 2, 1])
#               m     n  m  m  n  m  n  m  n  n
TEN_MEMBERS = np.array([1, 0, 1, 1, 0, 1, 0, 1, 0, 0], dtype=bool)


@pytest.mark.parametrize(
    ("fpr", "expected"),
    # Five of each. 20 % allow one false positive (the 9) and find 10, 8, 7; 40 % allow two and find four; 39 % one.
    [(0.2, 3 / 5), (0.39, 3 / 5), (0.4, 4 / 5), (0.6, 1.0), (0.19, None), (0.01, None)],
)
def test_tpr_at_fpr_by_hand(fpr, expected):
    assert tpr_at_fpr(TEN, TEN_MEMBERS, fpr) == expected


@pytest.mark.parametrize("fpr", [0.02, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_tpr_at_fpr_is_the_best_point_of_sklearns_curve(seed, fpr):
    scores, is_member = tied_scores(seed)
    rates, found, _ = sklearn_roc_curve(is_member, scores, drop_intermediate=False)
    assert tpr_at_fpr(scores, is_member, fpr) == pytest.approx(found[rates <= fpr].max())


def test_the_threshold_of_few_nonmembers_is_too_low_on_average():
    # Members spread evenly over the non-members' quantiles: the rate is the threshold's own false-positive rate.
    rates = []
    for seed in range(2000):
        scores = np.append(np.random.default_rng(seed).random(100), (np.arange(1000) + 0.5) / 1000)
        rates.append(tpr_at_fpr(scores, np.arange(1100) >= 100, 0.01))
    assert np.mean(rates) == pytest.approx(2 / 101, abs=4 * np.std(rates) / np.sqrt(2000))


def test_tied_images_are_on_the_same_side_of_a_threshold():
    # The best score is shared by a member and two non-members: with 1 false positive of 4 none is found.
    scores = np.array([5.0, 5.0, 5.0, 1.0, 0.0, 0.0])
    is_member = np.array([True, False, False, True, False, False])
    assert tpr_at_fpr(scores, is_member, 0.25) == 0.0
    assert tpr_at_fpr(scores, is_member, 0.5) == 1.0


def test_rates_that_floating_point_rounds_up_are_exact():
    # 0.07 * 100 is a little more than 7, 0.29 * 100 a little less than 29.
    scores = np.concatenate([np.arange(100) + 0.5, np.arange(100.0)])
    is_member = np.arange(200) < 100
    for allowed in (7, 29):
        # Members lie just above the non-member of the same rank, so `allowed` false positives find one more.
        assert tpr_at_fpr(scores, is_member, allowed / 100) == pytest.approx((allowed + 1) / 100)


def test_one_group_alone_is_an_error():
    with pytest.raises(MiaError, match="0 members among 4"):
        auc(np.arange(4.0), np.zeros(4, dtype=bool))


def ids_of(n: int) -> list[str]:
    return [f"image{number}" for number in range(n)]


def cross_validated(scores: np.ndarray, is_member: np.ndarray, ids: list[str], seed: int = 0) -> float:
    return balanced_accuracy(scores, is_member, assign_folds(is_member, ids, 5, seed))


def test_cross_validated_threshold_is_at_chance_on_noise():
    in_sample, cross_fitted = [], []
    is_member = np.arange(60) < 30
    for seed in range(150):
        scores = np.random.default_rng(seed).normal(size=60)
        curve = roc_curve(scores, is_member)
        in_sample.append(((curve.tpr + 1 - curve.fpr) / 2).max())
        cross_fitted.append(cross_validated(scores, is_member, ids_of(60), seed))
    standard_error = np.std(cross_fitted) / np.sqrt(150)
    assert np.mean(cross_fitted) <= 0.5 + 3 * standard_error
    assert np.mean(cross_fitted) == pytest.approx(0.5, abs=0.03)
    assert np.mean(in_sample) > 0.55


def test_balanced_accuracy_of_separated_groups_is_one():
    is_member = np.arange(50) < 10
    assert cross_validated(is_member.astype(float), is_member, ids_of(50)) == 1.0


def test_balanced_accuracy_weighs_the_groups_equally():
    # A constant classifies all images alike, whatever the groups' sizes.
    assert cross_validated(np.zeros(50), np.arange(50) < 5, ids_of(50)) == 0.5


def test_balanced_accuracy_does_not_depend_on_the_order():
    scores, is_member = tied_scores(3)
    ids = np.array(ids_of(200))
    order = np.random.default_rng(1).permutation(200)
    expected = cross_validated(scores, is_member, list(ids))
    assert cross_validated(scores[order], is_member[order], list(ids[order])) == expected


def test_balanced_accuracy_with_more_folds_than_members():
    scores = np.array([3.0, 4.0, 5.0, 0.0, 0.5, 1.0, 1.5])
    assert cross_validated(scores, np.arange(7) < 3, ids_of(7)) == 1.0


def test_balanced_accuracy_needs_two_of_each():
    with pytest.raises(MiaError, match="1 and 6"):
        cross_validated(np.arange(7.0), np.arange(7) < 1, ids_of(7))
