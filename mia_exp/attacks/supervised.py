"""A difficulty that was learned from people: how long they searched photos (Tudor Ionescu et al., 2016).

A nu-support-vector regression with a Gaussian kernel, from a backbone's pooled features to the published scores.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.stats import spearmanr
from sklearn.svm import NuSVR

from mia_exp.config import SupervisedConfig
from mia_exp.errors import WeightsError

FORMAT = "mia_exp search-time regressor 1"
# Half the width of a 95 % interval, in standard errors.
NORMAL_95 = 1.959964

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Provenance:
    """What a regressor belongs to and how good it is.

    Attributes:
        backbone: Whose features it takes.
        weights: Fingerprint of that backbone's weights.
        n_photos: Photos that it was fitted on.
        rank_correlation: Spearman's, of cross-validated predictions with the scores.
        rank_correlation_ci95: Its interval over photos.
    """

    backbone: str
    weights: str
    n_photos: int
    rank_correlation: float
    rank_correlation_ci95: tuple[float, float]


class SearchTimeRegressor:
    """The fitted regression: f(z) = sum_k a_k exp(-gamma |z - z_k|^2) + b of standardised features z.

    Args:
        arrays: `mean` and `scale` (C,) of the features; `support` (K, C); `coefficients` (K,); `gamma`,
            `intercept` (1,).
        provenance: What it belongs to.
    """

    def __init__(self, arrays: dict[str, Floats], provenance: Provenance) -> None:
        self._arrays = arrays
        self.provenance = provenance

    @classmethod
    def fit(
        cls,
        features: Floats,
        scores: Floats,
        names: Sequence[str],
        config: SupervisedConfig,
        backbone: str,
        weights: str,
    ) -> "SearchTimeRegressor":
        """Fits the regression, and judges it by cross-validation.

        Args:
            features: (N, C).
            scores: Published scores (N,); higher took longer.
            names: The photos' names (N,): a photo's fold depends on the seed and its name alone.
            config: Penalty, share of support vectors, folds and their seed.
            backbone: Whose features these are.
            weights: Fingerprint of its weights.
        """
        # The solver's answer depends a little on the order of the photos: it is always that of their names.
        order = np.argsort(np.asarray(names))
        features, scores = features[order], scores[order]
        standardised = (scores - scores.mean()) / scores.std()
        folds = np.array([_fold(names[row], config) for row in order])
        predictions = np.empty(len(scores))
        for fold in range(config.folds):
            held_out = folds == fold
            if held_out.any():
                arrays = _fit(features[~held_out], standardised[~held_out], config)
                predictions[held_out] = _predict(arrays, features[held_out])
        correlation = float(spearmanr(predictions, scores).statistic)
        provenance = Provenance(backbone, weights, len(scores), correlation, _interval(correlation, len(scores)))
        return cls(_fit(features, standardised, config), provenance)

    def predict(self, features: Floats) -> Floats:
        """Predicts difficulties.

        Args:
            features: (N, C) of the backbone that it was fitted with.

        Returns:
            (N,), in standard deviations of the fitted photos' scores above their mean.
        """
        return _predict(self._arrays, features)

    def save(self, path: Path) -> None:
        """Writes it to a `.safetensors` file."""
        about = {**vars(self.provenance), "rank_correlation_ci95": list(self.provenance.rank_correlation_ci95)}
        arrays = {name: np.ascontiguousarray(array) for name, array in self._arrays.items()}
        save_file(arrays, path, {"format": FORMAT, "provenance": json.dumps(about)})

    @classmethod
    def load(cls, path: Path, backbone: str, weights: str) -> "SearchTimeRegressor":
        """Reads what `save` wrote; runs no code from it.

        Args:
            path: The file.
            backbone: The backbone whose features it will be given.
            weights: Fingerprint of that backbone's weights.

        Raises:
            WeightsError: It is missing, damaged, not ours, or of another backbone.
        """
        if not path.is_file():
            raise WeightsError(f"{path}: there is no such file; expected a regressor that mia_exp saved")
        try:
            with safe_open(path, framework="np") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{path}: not a readable .safetensors file ({error})") from error
        if metadata.get("format") != FORMAT:
            raise WeightsError(
                f"{path}: not a regressor that mia_exp saved (its header lacks the format {FORMAT!r}). Such files "
                "lie in the artifacts of the attack supervised: regressor.safetensors."
            )
        about = json.loads(metadata["provenance"])
        about["rank_correlation_ci95"] = tuple(about["rank_correlation_ci95"])
        provenance = Provenance(**about)
        if (provenance.backbone, provenance.weights) != (backbone, weights):
            raise WeightsError(
                f"{path}: fitted on features of {provenance.backbone} (weights {provenance.weights[:12]}), where "
                f"this run has {backbone} (weights {weights[:12]}). Choose features={provenance.backbone} with "
                "those weights, or leave attack.regressor=null to fit one."
            )
        return cls(arrays, provenance)


def _fit(features: Floats, scores: Floats, config: SupervisedConfig) -> dict[str, Floats]:
    mean, spread = features.mean(0), features.std(0)
    # A channel that is the same for all photos says nothing, and stays nought.
    scale = np.where(spread > 0, spread, np.inf)
    gamma = 1 / features.shape[1]
    regression = NuSVR(kernel="rbf", gamma=gamma, C=config.c, nu=config.nu)
    regression.fit((features - mean) / scale, scores)
    return {
        "mean": mean,
        "scale": scale,
        "support": regression.support_vectors_,
        "coefficients": regression.dual_coef_[0],
        "gamma": np.array([gamma]),
        "intercept": regression.intercept_,
    }


def _predict(arrays: dict[str, Floats], features: Floats) -> Floats:
    points = (features - arrays["mean"]) / arrays["scale"]
    support = arrays["support"]
    distances = (points**2).sum(1)[:, None] + (support**2).sum(1) - 2 * points @ support.T
    predictions: Floats = np.exp(-arrays["gamma"] * distances) @ arrays["coefficients"] + arrays["intercept"]
    return predictions


def _fold(name: str, config: SupervisedConfig) -> int:
    digest = hashlib.sha256(f"{config.seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % config.folds


def _interval(correlation: float, n: int) -> tuple[float, float]:
    """Fisher's interval, with the variance of Spearman's coefficient (Bonett & Wright, 2000)."""
    centre = math.atanh(max(-0.999999, min(0.999999, correlation)))
    half = NORMAL_95 * math.sqrt((1 + correlation**2 / 2) / (n - 3))
    return math.tanh(centre - half), math.tanh(centre + half)
