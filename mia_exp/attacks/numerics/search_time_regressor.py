"""A difficulty predicted from human search times on photos (Tudor Ionescu et al., 2016).

A nu-support-vector regression with a Gaussian kernel, from a backbone's pooled features to the published scores.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.stats import spearmanr
from sklearn.svm import NuSVR

from mia_exp.core.errors import WeightsError
from mia_exp.core.reading import json_object, refusing, short, typed
from mia_exp.core.seeds import digest
from mia_exp.core.tensor_file import FileKind, sort_metadata

FORMAT = "mia_exp search-time regressor 1"
FILE_KIND = FileKind(
    FORMAT,
    "a regressor that mia_exp saved",
    "Such files are in the artifacts of the attack supervised: regressor.safetensors.",
)
# Half the width of a 95 % interval, in standard errors.
NORMAL_95 = 1.959964

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Provenance:
    """What a regressor was fitted on, and its accuracy.

    Attributes:
        backbone: The backbone whose features it takes.
        weights: Fingerprint of that backbone's weights.
        n_photos: Photos that it was fitted on.
        rank_correlation: Spearman's rank correlation of cross-validated predictions and scores.
        rank_correlation_ci95: Its 95 % interval over photos.
    """

    backbone: str
    weights: str
    n_photos: int
    rank_correlation: float
    rank_correlation_ci95: tuple[float, float]


class FitSettings(Protocol):
    """How the regression is fitted.

    Attributes:
        c: The penalty on errors.
        nu: The share of support vectors.
        folds: Folds of the cross-validation.
        seed: Draws the folds.
    """

    c: float
    nu: float
    folds: int
    seed: int


class SearchTimeRegressor:
    """The fitted regression: f(z) = sum_k a_k exp(-gamma |z - z_k|^2) + b of standardised features z.

    Args:
        arrays: `mean` and `scale` (C,) of the features; `support` (K, C); `coefficients` (K,); `gamma`,
            `intercept` (1,).
        provenance: What it was fitted on.
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
        config: FitSettings,
        backbone: str,
        weights: str,
    ) -> "SearchTimeRegressor":
        """Fits the regression, and evaluates it by cross-validation.

        Args:
            features: (N, C).
            scores: Published scores (N,); higher means a longer search.
            names: The photos' names (N,): a photo's fold depends only on the seed and its name.
            config: Penalty, share of support vectors, folds and their seed.
            backbone: The backbone that computed the features.
            weights: Fingerprint of its weights.
        """
        # The solver's result depends slightly on the order of the photos: they are always sorted by name.
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

        Raises:
            WeightsError: The number of channels differs from that of the features it was fitted on.
        """
        fitted = len(self._arrays["mean"])
        if features.shape[1] != fitted:
            raise WeightsError(
                f"the regressor was fitted on {fitted} channels of {self.provenance.backbone}, but this run's "
                f"features have {features.shape[1]}. Leave attack.regressor=null to fit one."
            )
        return _predict(self._arrays, features)

    def save(self, path: Path) -> None:
        """Writes it to a `.safetensors` file."""
        about = {**vars(self.provenance), "rank_correlation_ci95": list(self.provenance.rank_correlation_ci95)}
        arrays = {name: np.ascontiguousarray(array) for name, array in self._arrays.items()}
        save_file(arrays, path, {"format": FORMAT, "provenance": json.dumps(about)})
        sort_metadata(path)

    @classmethod
    def load(cls, path: Path, backbone: str, weights: str) -> "SearchTimeRegressor":
        """Reads a file that `save` wrote; runs no code from it.

        Args:
            path: The file.
            backbone: The backbone whose features it will be applied to.
            weights: Fingerprint of that backbone's weights.

        Raises:
            WeightsError: It is missing, damaged, not one of mia_exp, or of another backbone.
        """
        header, arrays = FILE_KIND.read(path, "np")
        with refusing(path, f"the content of {FILE_KIND.name}", FILE_KIND.advice, WeightsError):
            provenance = _provenance(json_object(header["provenance"]))
            _check_arrays(arrays)
        if (provenance.backbone, provenance.weights) != (backbone, weights):
            raise WeightsError(
                f"{path}: fitted on features of {short(provenance.backbone)} (weights "
                f"{provenance.weights[:12]}), but this run has {backbone} (weights {weights[:12]}). "
                f"Choose features={short(provenance.backbone)} with those weights, or leave "
                "attack.regressor=null to fit one."
            )
        return cls(arrays, provenance)


def _provenance(about: dict[str, Any]) -> Provenance:
    """Parses a header.

    Raises:
        Exception: It is not valid. To be called within `refusing`.
    """
    correlation = typed(about["rank_correlation"], float, "rank_correlation")
    low, high = (typed(end, float, "rank_correlation_ci95") for end in about["rank_correlation_ci95"])
    n_photos = typed(about["n_photos"], int, "n_photos")
    # NaN if all predictions were the same.
    if not all(-1 <= value <= 1 or math.isnan(value) for value in (correlation, low, high)) or n_photos < 1:
        raise ValueError(f"a rank correlation of {correlation} [{low}, {high}] over {n_photos} photos")
    backbone, weights = (typed(about[name], str, name) for name in ("backbone", "weights"))
    return Provenance(backbone, weights, n_photos, correlation, (low, high))


def _check_arrays(arrays: dict[str, Floats]) -> None:
    """Checks that arrays have the names, shapes and types that `_fit` returns, and valid values.

    Raises:
        Exception: One is missing or unknown, has another shape or type, or holds invalid values. To be called
            within `refusing`.
    """
    supports, channels = arrays["support"].shape
    shapes = {
        "mean": (channels,),
        "scale": (channels,),
        "support": (supports, channels),
        "coefficients": (supports,),
        "gamma": (1,),
        "intercept": (1,),
    }
    found = {name: arrays[name].shape for name in shapes}
    if found != shapes or len(arrays) != len(shapes) or channels < 1:
        raise ValueError(f"arrays of {found}")
    for name, array in arrays.items():
        # A channel that was constant over all photos has an infinite scale.
        valid = array > 0 if name in ("scale", "gamma") else np.isfinite(array)
        if array.dtype != np.float64 or not valid.all() or (name == "gamma" and not np.isfinite(array).all()):
            raise ValueError(f"{name} is of type {array.dtype} or holds values that are not finite or not positive")


def _fit(features: Floats, scores: Floats, config: FitSettings) -> dict[str, Floats]:
    mean, spread = features.mean(0), features.std(0)
    # A channel that is constant over all photos carries no information: an infinite scale sets it to zero.
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


def _fold(name: str, config: FitSettings) -> int:
    return int.from_bytes(digest(config.seed, name)[:8], "big") % config.folds


def _interval(correlation: float, n: int) -> tuple[float, float]:
    """Fisher's 95 % interval, with the variance of Spearman's coefficient (Bonett & Wright, 2000)."""
    centre = math.atanh(max(-0.999999, min(0.999999, correlation)))
    half = NORMAL_95 * math.sqrt((1 + correlation**2 / 2) / (n - 3))
    return math.tanh(centre - half), math.tanh(centre + half)
