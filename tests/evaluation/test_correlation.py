"""Correlations on resamples against scipy's on repeated rows, and intervals of their differences."""

import numpy as np
import pytest
from scipy.stats import binom, pearsonr

from mia_exp.core.errors import MiaError
from mia_exp.evaluation.correlation import weighted_pearson
from mia_exp.evaluation.two_level import Sample, two_level_interval


@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_weights_are_repetitions(mean):
    rng = np.random.default_rng(0)
    x = rng.normal(size=25) + mean
    y = np.round(x - mean + rng.normal(size=25), 1)
    weights = rng.poisson(1.0, (30, 25)).astype(np.int32)
    expected = [pearsonr(np.repeat(x, times), np.repeat(y, times)).statistic for times in weights]
    np.testing.assert_allclose(weighted_pearson(x, y, weights), expected, rtol=1e-9)


def test_a_line_has_a_correlation_of_one():
    x = np.arange(10.0)
    weights = np.random.default_rng(0).poisson(1.0, (20, 10)).astype(np.int32)
    assert weighted_pearson(x, 3 - 2 * x, weights) == pytest.approx(np.full(20, -1.0), abs=1e-12)


def test_a_column_that_is_constant_on_a_resample_has_no_correlation_there():
    x, y = np.array([0.1, 0.1, 0.7]), np.array([0.2, 0.3, 0.4])
    found = weighted_pearson(x, y, np.array([[2, 1, 0], [1, 1, 1]], dtype=np.int32))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(pearsonr(x, y).statistic)


def test_a_constant_column_is_an_error():
    with pytest.raises(MiaError, match="found 3 equal values"):
        weighted_pearson(np.arange(3.0), np.ones(3), np.ones((1, 3), dtype=np.int32))


def test_intervals_of_differences_cover():
    """Columns that are correlated with the difficulty by 0.6 and 0.4, for three seeds on the same images."""
    studies, n, covered = 200, 80, 0
    for number in range(studies):
        rng = np.random.default_rng(number)
        difficulty = rng.normal(size=n)
        weights = rng.poisson(1.0, (200, n)).astype(np.int32)
        estimates, replicates = [], []
        for _ in range(3):
            first, second = (r * difficulty + np.sqrt(1 - r**2) * rng.normal(size=n) for r in (0.6, 0.4))
            estimates.append(np.corrcoef(first, difficulty)[0, 1] - np.corrcoef(second, difficulty)[0, 1])
            replicates.append(
                weighted_pearson(first, difficulty, weights) - weighted_pearson(second, difficulty, weights)
            )
        low, high = two_level_interval([Sample(np.array(estimates), np.array(replicates))])
        covered += low <= 0.2 <= high
    assert covered >= binom.ppf(0.001, studies, 0.93)
