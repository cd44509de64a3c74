"""Intervals of the true-positive rate: coverage by simulation, small cases by hand, ties."""

from math import comb

import numpy as np
import pytest
from scipy.stats import binom, norm

from mia_exp.evaluation.roc import tpr_at_fpr
from mia_exp.evaluation.tpr_interval import tpr_interval


@pytest.mark.parametrize("true_auc", [0.6, 0.9, 0.99])
@pytest.mark.parametrize("n", [50, 100, 300])
def test_intervals_of_normal_scores_cover(n, true_auc):
    studies, shift = 150, norm.ppf(true_auc) * np.sqrt(2)
    is_member = np.arange(2 * n) < n
    covered = dict.fromkeys([0.01, 0.05, 0.1], 0)
    for seed in range(studies):
        scores = np.random.default_rng(seed).normal(size=2 * n) + shift * is_member
        for fpr in covered:
            low, high = tpr_interval(scores, is_member, fpr)
            covered[fpr] += low <= norm.sf(norm.isf(fpr) - shift) <= high
    # What a true coverage of 95 % exceeds in all but 1 of 1,000 such simulations.
    assert min(covered.values()) >= binom.ppf(0.001, studies, 0.95)


def test_intervals_of_rounded_scores_cover():
    """The true rate is that of the lowest threshold between the steps with a low enough false-positive rate."""
    studies, fpr, is_member = 500, 0.1, np.arange(200) < 100
    steps = np.arange(-5, 6)
    # Scores round to a step or a higher one if they exceed the step minus a half.
    true_rate = norm.sf(steps - 0.5, loc=1)[norm.sf(steps - 0.5) <= fpr].max()
    covered = 0
    for seed in range(studies):
        scores = np.round(np.random.default_rng(seed).normal(size=200) + is_member)
        low, high = tpr_interval(scores, is_member, fpr)
        covered += low <= true_rate <= high
    assert covered >= binom.ppf(0.001, studies, 0.95)


@pytest.mark.parametrize(("side", "true_rate"), [(1, 1.0), (-1, 0.0)])
def test_a_curve_that_jumps_at_the_rate_is_missed_in_one_study_of_eighty(side, true_rate):
    """All members are next to the threshold, so that the interval misses whenever the threshold's bound does.

    That is the worst case: an index that is off by one misses twice as often.
    """
    studies, fpr, is_member = 2000, 0.05, np.arange(200) < 100
    missed = 0
    for seed in range(studies):
        scores = np.append(np.full(100, 1 - fpr + side * 1e-9), np.random.default_rng(seed).random(100))
        low, high = tpr_interval(scores, is_member, fpr)
        missed += not low <= true_rate <= high
    assert 0 < missed <= binom.ppf(0.999, studies, 0.0125)


def by_definition(bound: float, found: int, members: int, side: str) -> float:
    """The probability that as many as found, or more (fewer), are found if the true rate is the bound."""
    counts = range(found, members + 1) if side == "low" else range(found + 1)
    return sum(comb(members, k) * bound**k * (1 - bound) ** (members - k) for k in counts)


def test_twenty_nonmembers_by_hand():
    """Of 20 non-members, a fifth of all would be above the threshold: 1 to 8 of these, except in 1.25 % a side.

    None is with 0.8**20 = 1.15 %, one or none with 6.9 %; up to 7 are with 96.8 %, up to 8 with 99.0 %. So the
    threshold is at most the highest non-member, 19, and at least the ninth, 11.
    """
    nonmembers = np.arange(20.0)
    # Three are above 19; eight are at least 11, one of them equal to it.
    members = np.array([25, 21, 19.5, 19, 15.5, 14.5, 12.5, 11, 10.5, 3.5])
    scores, is_member = np.append(members, nonmembers), np.arange(30) < 10
    low, high = tpr_interval(scores, is_member, 0.2)
    assert by_definition(low, 3, 10, "low") == pytest.approx(0.0125)
    assert by_definition(high, 8, 10, "high") == pytest.approx(0.0125)


def test_tied_members_widen_on_both_sides():
    """Members that are equal to the bounding thresholds, 19 and 11, are below the first and above the second."""
    nonmembers, is_member = np.arange(20.0), np.arange(30) < 10
    tied = tpr_interval(np.append(np.repeat([19.0, 11.0], 5), nonmembers), is_member, 0.2)
    assert tied == (0.0, 1.0)
    apart = tpr_interval(np.append(np.repeat([19.1, 10.9], 5), nonmembers), is_member, 0.2)
    assert by_definition(apart[0], 5, 10, "low") == pytest.approx(0.0125)
    assert by_definition(apart[1], 5, 10, "high") == pytest.approx(0.0125)


@pytest.mark.parametrize(("n_nonmembers", "bounded"), [(436, False), (437, True)])
def test_a_lower_bound_needs_437_nonmembers_at_one_percent(n_nonmembers, bounded):
    is_member = np.arange(n_nonmembers + 50) < 50
    low, high = tpr_interval(is_member.astype(float), is_member, 0.01)
    # All members are above all non-members.
    assert (low, high) == (pytest.approx(0.0125 ** (1 / 50)) if bounded else 0.0, 1.0)


def test_nothing_found_has_a_width():
    is_member = np.arange(160) < 60
    assert tpr_interval(1.0 - is_member, is_member, 0.05) == (0.0, pytest.approx(1 - 0.0125 ** (1 / 60)))


@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_the_estimate_is_inside(decimals):
    rng = np.random.default_rng(0)
    for _ in range(300):
        n_members, n_nonmembers = rng.integers(1, 60, size=2)
        is_member = np.arange(n_members + n_nonmembers) < n_members
        scores = np.round(rng.normal(size=len(is_member)) + rng.uniform(-1, 3) * is_member, decimals)
        fpr = rng.choice([1 / n_nonmembers, 0.07, 0.29, 0.5, 0.99])
        estimate = tpr_at_fpr(scores, is_member, fpr)
        low, high = tpr_interval(scores, is_member, fpr)
        assert 0 <= low <= high <= 1
        assert estimate is None or low <= estimate <= high


def test_it_does_not_depend_on_the_order_of_the_images():
    rng = np.random.default_rng(0)
    is_member = np.arange(300) < 100
    scores = np.round(rng.normal(size=300) + is_member, 1)
    order = rng.permutation(300)
    assert tpr_interval(scores[order], is_member[order], 0.05) == tpr_interval(scores, is_member, 0.05)
