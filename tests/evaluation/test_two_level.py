"""Intervals over images and seeds: coverage by simulation, the arithmetic by hand, shared resamples."""

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson
from sklearn.metrics import roc_auc_score

from mia_exp.core.errors import MiaError
from mia_exp.evaluation.intervals import auc_interval, bootstrap
from mia_exp.evaluation.roc import auc
from mia_exp.evaluation.two_level import (
    Sample,
    auc_replicates,
    image_weights,
    two_level_auc_interval,
    two_level_interval,
)

TRUE_AUC = {"a": 0.85, "b": 0.8}


def runs(rng, seeds, n, images, spread):
    """Draws a study: for each seed its images, labels and two columns of scores.

    Scores are the image's difficulty, which all seeds share, plus noise, with unit variance together; members are
    shifted by a distance that varies between seeds with a standard deviation of `spread`. The AUC of a seed is the
    normal distribution at shift / sqrt(2), so its mean over seeds is that at the mean shift / sqrt(2 + spread**2).
    """
    pool = {"disjoint": 2 * n * seeds, "equal groups": 2 * n, "new groups": 3 * n}[images]
    difficulty = rng.normal(scale=0.7, size=pool)
    is_member = np.arange(2 * n) < n
    for number in range(seeds):
        offset = 2 * n * number if images == "disjoint" else 0
        rows = rng.permutation(pool)[: 2 * n] if images == "new groups" else np.arange(2 * n) + offset
        shared = rng.normal()
        columns = {}
        for name, true in TRUE_AUC.items():
            shift = norm.ppf(true) * np.sqrt(2 + spread**2) + spread * (0.8 * shared + 0.6 * rng.normal())
            columns[name] = difficulty[rows] + np.sqrt(0.51) * rng.normal(size=2 * n) + shift * is_member
        yield [f"image{row}" for row in rows], is_member, columns


def estimates_and_replicates(study, replicates):
    """By column: the AUC of each seed (S,), and on the resamples (S, R)."""
    ids, labels, columns = zip(*study, strict=True)
    weights = [image_weights(images, replicates, 0) for images in ids]
    found = {}
    for name in TRUE_AUC:
        values = [seed_columns[name] for seed_columns in columns]
        found[name] = (
            np.array([auc(scores, groups) for scores, groups in zip(values, labels, strict=True)]),
            np.array([auc_replicates(*seed) for seed in zip(values, labels, weights, strict=True)]),
        )
    return found


@pytest.mark.parametrize(("images", "spread"), [("disjoint", 0.3), ("equal groups", 0.0), ("new groups", 0.3)])
@pytest.mark.parametrize("n", [32, 100])
@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_cover_the_mean_over_seeds(seeds, n, images, spread):
    studies, covered = 100, {"auc": 0, "difference": 0}
    for number in range(studies):
        study = runs(np.random.default_rng(number), seeds, n, images, spread)
        (first, first_drawn), (second, second_drawn) = estimates_and_replicates(study, 100).values()
        low, high = two_level_auc_interval([Sample(first, first_drawn)], n)
        covered["auc"] += low <= TRUE_AUC["a"] <= high
        low, high = two_level_interval([Sample(first - second, first_drawn - second_drawn)])
        covered["difference"] += low <= TRUE_AUC["a"] - TRUE_AUC["b"] <= high
    # What a true coverage of 93 % exceeds in all but 1 of 1,000 such simulations.
    assert min(covered.values()) >= binom.ppf(0.001, studies, 0.93)


def test_an_interval_over_the_images_of_one_seed_misses_the_mean_over_seeds():
    studies, covered = 200, 0
    for number in range(studies):
        ((_, is_member, columns),) = runs(np.random.default_rng(number), 1, 100, "disjoint", 0.4)
        drawn = bootstrap(columns, is_member, 100, number)["a"]
        low, high = auc_interval(auc(columns["a"], is_member), drawn, 100)
        covered += low <= TRUE_AUC["a"] <= high
    assert covered < 0.8 * studies


# The mean over seeds is 0.8 - D and 0.8 + D: a variance of 2 D**2 = 1/300. The estimates have s**2 / S = 0.01 / 3.
# So V = 2/300, and there are 2 * 2**2 = 8 degrees of freedom, of which a table of Student's t gives 2.306.
D = 1 / np.sqrt(600)
ESTIMATES = np.array([0.7, 0.8, 0.9])
REPLICATES = np.array([[0.7 - 3 * D, 0.7 + 3 * D], [0.8, 0.8], [0.9, 0.9]])
HALF_WIDTH = 2.306 * np.sqrt(2 / 300)


def test_three_seeds_by_hand():
    expected = 0.8 - HALF_WIDTH, 0.8 + HALF_WIDTH
    assert two_level_interval([Sample(ESTIMATES, REPLICATES)]) == pytest.approx(expected, abs=1e-4)
    # The table's value for 1 - 0.05 / 5, five intervals together.
    expected = 0.8 - 3.355 * np.sqrt(2 / 300), 0.8 + 3.355 * np.sqrt(2 / 300)
    assert two_level_interval([Sample(ESTIMATES, REPLICATES)], level=0.99) == pytest.approx(expected, abs=1e-4)


def test_three_aucs_by_hand():
    # An AUC of 0.8 has odds of 4; the half-width is divided by 0.8 * 0.2.
    factor = np.exp(HALF_WIDTH / 0.16)
    expected = 4 / factor / (1 + 4 / factor), 4 * factor / (1 + 4 * factor)
    assert two_level_auc_interval([Sample(ESTIMATES, REPLICATES)], 50) == pytest.approx(expected, abs=1e-4)


def test_one_seed_has_the_interval_over_images():
    drawn = np.array([[0.7, 0.8, 0.9]])
    half_width = 1.95996 * 0.1
    expected = 0.8 - half_width, 0.8 + half_width
    assert two_level_interval([Sample(np.array([0.8]), drawn)]) == pytest.approx(expected, abs=1e-5)


def test_equal_estimates_have_the_interval_over_images():
    drawn = np.array([[0.7, 0.8, 0.9], [0.7, 0.8, 0.9]])
    expected = 0.8 - 1.95996 * 0.1, 0.8 + 1.95996 * 0.1
    assert two_level_interval([Sample(np.array([0.8, 0.8]), drawn)]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_perfect_separation_for_every_seed_has_a_width(level):
    low, high = two_level_auc_interval([Sample(np.ones(3), np.ones((3, 10)))], 50, level)
    # 50 right of 50: the AUC for which that has half of the error's probability.
    assert (low, high) == (pytest.approx(((1 - level) / 2) ** (1 / 50)), 1.0)
    low, high = two_level_auc_interval([Sample(np.zeros(3), np.zeros((3, 10)))], 50, level)
    assert (low, high) == (0.0, pytest.approx(1 - ((1 - level) / 2) ** (1 / 50)))


def test_perfect_separation_for_some_seeds_stays_within_one():
    drawn = np.array([np.ones(100), np.linspace(0.95, 1, 100)])
    low, high = two_level_auc_interval([Sample(np.array([1.0, 0.98]), drawn)], 50)
    assert low < 0.99 < high < 1


def test_a_number_that_is_not_finite_is_an_error():
    with pytest.raises(MiaError, match="0 estimates and 1 replicates"):
        two_level_interval([Sample(np.array([0.5]), np.array([[0.4, np.nan]]))])


def test_several_samples_by_hand():
    # Two datasets with the same numbers: half the variance, twice the degrees of freedom. Student's t of 16: 2.120.
    sample = Sample(ESTIMATES, REPLICATES)
    half_width = 2.120 * np.sqrt(1 / 300)
    assert two_level_interval([sample, sample]) == pytest.approx((0.8 - half_width, 0.8 + half_width), abs=1e-4)


def test_an_image_occurs_equally_often_in_every_run():
    first, second = image_weights(["a", "b", "c", "d"], 500, 0), image_weights(["d", "e", "a"], 500, 0)
    assert (first.shape, second.shape) == ((500, 4), (500, 3))
    np.testing.assert_array_equal(first[:, [0, 3]], second[:, [2, 0]])
    assert (image_weights(["a"], 500, 1) != first[:, :1]).any()


def test_draws_are_poissons_and_independent():
    drawn = image_weights([f"image{number}" for number in range(300)], 200, 0)
    counts = np.bincount(drawn.ravel(), minlength=5)[:5] / drawn.size
    assert counts == pytest.approx(poisson(1).pmf(range(5)), abs=0.01)
    correlations = np.corrcoef(drawn.T)[np.triu_indices(300, 1)]
    assert abs(correlations.mean()) < 0.005 and correlations.std() == pytest.approx(1 / np.sqrt(200), rel=0.1)


def test_replicates_are_aucs_of_repeated_images():
    rng = np.random.default_rng(0)
    is_member = rng.random(30) < 0.4
    scores = np.round(rng.normal(size=30) + is_member, 1)
    weights = image_weights([str(number) for number in range(30)], 20, 0)
    expected = [roc_auc_score(np.repeat(is_member, times), np.repeat(scores, times)) for times in weights]
    np.testing.assert_allclose(auc_replicates(scores, is_member, weights), expected)


def test_runs_on_the_same_images_are_not_counted_as_independent():
    """The mean of three equal runs varies as one run does; on different images it has a third of the variance."""
    is_member = np.arange(120) < 60
    scores = np.random.default_rng(0).normal(size=120) + is_member
    same = [[f"image{number}" for number in range(120)]] * 3
    other = [[f"image{number} of {seed}" for number in range(120)] for seed in range(3)]

    def variance(ids):
        weights = [image_weights(images, 4000, 0) for images in ids]
        return np.mean([auc_replicates(scores, is_member, part) for part in weights], axis=0).var()

    assert variance(same) == pytest.approx(variance(same[:1]))
    assert variance(other) == pytest.approx(variance(same[:1]) / 3, rel=0.1)
