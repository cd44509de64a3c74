"""The regression from features to search times."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.stats import spearmanr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import NuSVR

from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor
from mia_exp.attacks.supervised import Supervised
from mia_exp.core.errors import WeightsError

CONFIG = Supervised(c=1.0)
N = 200


def photos(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features and scores that follow from them but for a little noise."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 3, (N, 6)) + 10
    scores = 3 + 0.4 * np.tanh(features[:, 0] - 10) + rng.normal(0, 0.02, N)
    return features, scores, [f"2008_{number:06d}" for number in range(N)]


def fitted(features: np.ndarray, scores: np.ndarray, names: list[str]) -> SearchTimeRegressor:
    return SearchTimeRegressor.fit(features, scores, names, CONFIG, "backbone", "weights")


def test_predictions_are_scikit_learns() -> None:
    features, scores, names = photos()
    fresh, _, _ = photos(1)
    standardised = (scores - scores.mean()) / scores.std()
    reference = make_pipeline(StandardScaler(), NuSVR(kernel="rbf", gamma=1 / 6, C=1.0, nu=0.5))
    expected = reference.fit(features, standardised).predict(fresh)
    assert fitted(features, scores, names).predict(fresh) == pytest.approx(expected, abs=1e-9)


def test_features_that_tell_the_score_are_found_and_shuffled_scores_are_not() -> None:
    features, scores, names = photos()
    about = fitted(features, scores, names).provenance
    assert about.n_photos == N
    assert about.rank_correlation > 0.9
    low, high = about.rank_correlation_ci95
    assert low < about.rank_correlation < high <= 1
    shuffled = fitted(features, np.random.default_rng(3).permutation(scores), names).provenance
    low, high = shuffled.rank_correlation_ci95
    # Cross-validation holds out what it predicts, so nothing is there to be found. Three standard errors are 0.21.
    assert abs(shuffled.rank_correlation) < 0.21 and low < 0.21 and high > -0.21


def test_predictions_are_in_standard_deviations_of_the_scores() -> None:
    features, scores, names = photos()
    predicted = fitted(features, scores, names).predict(features)
    standardised = (scores - scores.mean()) / scores.std()
    assert np.polyfit(standardised, predicted, 1)[0] == pytest.approx(1, abs=0.15)
    assert spearmanr(predicted, scores).statistic > 0.9


def test_the_order_of_the_photos_changes_nothing() -> None:
    features, scores, names = photos()
    order = np.random.default_rng(1).permutation(N)
    first = fitted(features, scores, names)
    second = fitted(features[order], scores[order], [names[row] for row in order])
    assert first.provenance == second.provenance
    assert np.array_equal(first.predict(features), second.predict(features))


def test_a_channel_that_is_the_same_everywhere_says_nothing() -> None:
    features, scores, names = photos()
    constant = np.hstack([features, np.ones((N, 1))])
    regressor = fitted(constant, scores, names)
    moved = np.hstack([features, np.full((N, 1), 5.0)])
    assert np.array_equal(regressor.predict(constant), regressor.predict(moved))


def test_a_saved_regressor_predicts_the_same(tmp_path: Path) -> None:
    features, scores, names = photos()
    regressor = fitted(features, scores, names)
    regressor.save(tmp_path / "r.safetensors")
    again = SearchTimeRegressor.load(tmp_path / "r.safetensors", "backbone", "weights")
    assert np.array_equal(regressor.predict(features), again.predict(features))
    assert again.provenance == regressor.provenance
    # Not a pickle, which would run whatever it holds: a header of JSON, by the format's first eight bytes.
    content = (tmp_path / "r.safetensors").read_bytes()
    assert content[8:9] == b"{" and int.from_bytes(content[:8], "little") < len(content)


def test_a_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    fitted(*photos()).save(tmp_path / "r.safetensors")
    with pytest.raises(WeightsError, match=r"fitted on features of backbone .* this run has other"):
        SearchTimeRegressor.load(tmp_path / "r.safetensors", "other", "weights")
    with pytest.raises(WeightsError, match="there is no such file"):
        SearchTimeRegressor.load(tmp_path / "none.safetensors", "backbone", "weights")
    (tmp_path / "damaged.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(WeightsError, match="not a readable"):
        SearchTimeRegressor.load(tmp_path / "damaged.safetensors", "backbone", "weights")
    save_file({"w": np.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match="not a regressor that mia_exp saved"):
        SearchTimeRegressor.load(tmp_path / "foreign.safetensors", "backbone", "weights")


def test_the_seed_draws_the_folds() -> None:
    features, scores, names = photos()
    other = SearchTimeRegressor.fit(features, scores, names, replace(CONFIG, seed=1), "backbone", "weights")
    assert other.provenance.rank_correlation != fitted(features, scores, names).provenance.rank_correlation
    assert np.array_equal(other.predict(features), fitted(features, scores, names).predict(features))
