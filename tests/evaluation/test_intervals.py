"""Intervals: coverage by simulation, the perfect case by hand, reproducibility."""

import time

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.metrics import roc_auc_score

from mia_exp.evaluation.intervals import auc_interval, bootstrap, difference_interval
from mia_exp.evaluation.roc import auc


def binormal(seed: int, n: int, true_auc: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals whose means lie so far apart that the AUC is `true_auc`."""
    is_member = np.arange(2 * n) < n
    shift = norm.ppf(true_auc) * np.sqrt(2)
    return np.random.default_rng(seed).normal(size=2 * n) + shift * is_member, is_member


def auc_and_interval(scores, is_member, seed, replicates=200):
    estimate = auc(scores, is_member)
    drawn = bootstrap({"s": scores}, is_member, replicates, seed)["s"]
    return estimate, auc_interval(estimate, drawn, int(min(is_member.sum(), (~is_member).sum())))


@pytest.mark.parametrize("true_auc", [0.5, 0.8, 0.95, 0.99])
def test_auc_intervals_cover(true_auc):
    studies = 300
    covered = 0
    for seed in range(studies):
        _, (low, high) = auc_and_interval(*binormal(seed, 80, true_auc), seed)
        covered += low <= true_auc <= high
    # What a true coverage of 95 % gives in all but 1 of 1,000 such simulations.
    assert binom.ppf(0.0005, studies, 0.95) <= covered <= binom.ppf(0.9995, studies, 0.95)


def test_paired_difference_covers():
    studies, covered = 300, 0
    is_member = np.arange(160) < 80
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        shared = rng.normal(size=160)
        columns = {
            name: 0.8 * shared + 0.6 * rng.normal(size=160) + norm.ppf(true) * np.sqrt(2) * is_member
            for name, true in (("a", 0.85), ("b", 0.8))
        }
        drawn = bootstrap(columns, is_member, 200, seed)
        low, high = difference_interval((drawn["a"], drawn["b"]), (0.85, 0.8), ((0, 1), (0, 1)))
        covered += low <= 0.05 <= high
    # The percentile interval falls a little short of 95 %.
    assert binom.ppf(0.0005, studies, 0.93) <= covered <= binom.ppf(0.9995, studies, 0.97)


def test_replicates_are_those_of_a_slow_bootstrap():
    scores, is_member = binormal(0, 40, 0.8)
    scores = np.round(scores, 1)
    drawn = bootstrap({"s": scores}, is_member, 2000, 0)["s"]
    rng = np.random.default_rng(1)
    slow = []
    for _ in range(1000):
        rows = np.concatenate([rng.choice(np.flatnonzero(group), 40) for group in (is_member, ~is_member)])
        slow.append(roc_auc_score(is_member[rows], scores[rows]))
    assert drawn.mean() == pytest.approx(np.mean(slow), abs=0.005)
    assert drawn.std() == pytest.approx(np.std(slow), rel=0.1)


def test_each_group_keeps_its_size():
    # Drawn from all 60 together, 1 resample in 20 would have no member at all.
    drawn = bootstrap({"s": np.arange(60.0)}, np.arange(60) < 3, 300, 0)["s"]
    assert np.isfinite(drawn).all()


def test_perfect_separation_has_a_width():
    is_member = np.arange(150) < 100
    estimate, (low, high) = auc_and_interval(is_member.astype(float), is_member, 0)
    assert (estimate, high) == (1.0, 1.0)
    # 50 right of 50: the AUC for which that has a probability of 2.5 %.
    assert low == pytest.approx(0.025 ** (1 / 50))
    _, (low, high) = auc_and_interval(-is_member.astype(float), is_member, 0)
    assert (low, high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 50)))


def test_difference_of_perfect_columns_is_what_their_intervals_leave_open():
    ones = np.ones(100)
    low, high = difference_interval((ones, ones), (1.0, 1.0), ((0.96, 1.0), (0.97, 1.0)))
    assert (low, high) == (pytest.approx(-0.04), pytest.approx(0.03))


def test_difference_of_columns_with_the_same_order_is_zero():
    # Of other values: the replicates of an equal column would be kept, and not drawn.
    scores, is_member = binormal(0, 40, 0.8)
    drawn = bootstrap({"a": scores, "b": 2 * scores}, is_member, 200, 0)
    assert difference_interval((drawn["a"], drawn["b"]), (0.8, 0.8), ((0, 1), (0, 1))) == (0.0, 0.0)


def test_same_seed_same_replicates_whatever_the_other_columns():
    scores, is_member = binormal(0, 40, 0.8)
    alone = bootstrap({"a": scores}, is_member, 150, 5)["a"]
    # Twice the values, so that they are drawn anew, in the same order.
    among = bootstrap({"b": -scores, "a": 2 * scores}, is_member, 150, 5)["a"]
    kept = bootstrap({"b": -scores, "a": scores}, is_member, 150, 5)["a"]
    other = bootstrap({"a": scores}, is_member, 150, 6)["a"]
    np.testing.assert_array_equal(alone, among)
    np.testing.assert_array_equal(alone, kept)
    assert (alone != other).any()


def test_shuffled_labels_give_chance():
    scores, is_member = binormal(0, 150, 0.95)
    held = 0
    for seed in range(40):
        shuffled = np.random.default_rng(seed).permutation(is_member)
        _, (low, high) = auc_and_interval(scores, shuffled, seed)
        held += low <= 0.5 <= high
    assert held >= binom.ppf(0.001, 40, 0.95)


def test_a_large_evaluation_takes_seconds():
    is_member = np.arange(2000) < 1000
    rng = np.random.default_rng(0)
    columns = {str(number): rng.normal(size=2000) for number in range(10)}
    start = time.process_time()
    bootstrap(columns, is_member, 1000, 0)
    # 0.5 s where it was measured.
    assert time.process_time() - start < 5
