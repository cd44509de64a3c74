"""The error minus a difficulty predicted from human search times (Tudor Ionescu et al., 2016)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mia_exp.attacks.attack import COMBINED, Attack
from mia_exp.attacks.attacker import VisualSearchSettings
from mia_exp.attacks.evidence import Evidence
from mia_exp.attacks.numerics.slope import unlabelled_slope
from mia_exp.attacks.search_times import ScoredPhoto, fingerprint_photos, list_scored_photos, scored_photo_paths
from mia_exp.core.artifacts import Reference, Stage
from mia_exp.core.check import TIME, require, require_at_most
from mia_exp.core.column import Column
from mia_exp.core.keys import deciding, harmless
from mia_exp.core.progress import track
from mia_exp.core.score_table import batches, save_table, score_table
from mia_exp.core.storage import file_sha256
from mia_exp.data.image import decode, resize
from mia_exp.data.tensors import to_tensor

if TYPE_CHECKING:
    from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor

REGRESSOR = "regressor.safetensors"
# Images per forward pass of the backbone; their features do not depend on it.
BATCH_SIZE = 16
# The side that photos are resized to, in pixels: the backbone's input size.
PHOTO_SIDE = 224


@dataclass
class Supervised(Attack):
    """L_rec minus alpha times a difficulty predicted from human search times (Tudor Ionescu et al., 2016).

    Attributes:
        alpha: Weight of the predicted score, which is in standard deviations of the published scores.
        c: The regression's penalty on errors.
        nu: The regression's share of support vectors.
        folds: Folds of the cross-validation that is reported.
        seed: Draws the folds.
        regressor: A regressor that this package saved, used instead of fitting one; or null.
        visual_search: The search times that the regression is fitted to.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "l_mem_vsd",
            "L_mem,vsd",
            "reconstruction error minus search difficulty",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_vsd",
        ),
        Column(
            "l_mem_vsd_slope",
            "L_mem,vsd,slope",
            "error minus the slope times the search difficulty",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_vsd",
        ),
        Column("l_vsd", "L_vsd", "predicted human search difficulty", higher_is_member=False, blind=True),
    )

    alpha: float = harmless(0.01, because=COMBINED)
    c: float = 0.2
    nu: float = 0.5
    folds: int = 5
    seed: int = 0
    regressor: str | None = harmless(None, because="enters by the file's content")
    visual_search: VisualSearchSettings = field(default_factory=VisualSearchSettings)

    def __post_init__(self) -> None:
        require(self.c > 0, f"attack.c={self.c}: expected more than 0")
        require(0 < self.nu <= 1, f"attack.nu={self.nu}: expected a share above 0, up to 1")
        require(self.folds >= 2, f"attack.folds={self.folds}: expected 2 or more")
        require_at_most(self.folds, 1000, "attack.folds", TIME)

    def stages(self, evidence: Evidence) -> Mapping[str, Stage]:
        """The fitted regressor, unless one is given, and its predictions."""
        if self.regressor:
            # Read before any work, so that an unsuitable file is reported at once.
            self._load(evidence)
            return {"visual_search": self._predicted(evidence)}
        return {"regressor": self._fitted(evidence), "visual_search": self._predicted(evidence)}

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_mem,vsd and the predicted difficulty, which is independent of the victim; see `Attack.score`."""
        error, difficulty = evidence.l_rec, evidence.table(self._predicted(evidence))["l_vsd"]
        return score_table(
            evidence.ids,
            l_mem_vsd=error - self.alpha * difficulty,
            l_mem_vsd_slope=error - unlabelled_slope(error, difficulty) * difficulty,
            l_vsd=difficulty,
        )

    def details(self, evidence: Evidence) -> Mapping[str, float | str]:
        """The regressor's cross-validated rank correlation, and the slope."""
        about = self._load(evidence).provenance
        slope = unlabelled_slope(evidence.l_rec, evidence.table(self._predicted(evidence))["l_vsd"])
        low, high = about.rank_correlation_ci95
        return {
            "scored photos": about.n_photos,
            "cross-validated rank correlation": f"{about.rank_correlation:.3f} [{low:.3f}, {high:.3f}]",
            "alpha of L_mem,vsd,slope": slope,
        }

    @cached_property
    def _photos(self) -> list[ScoredPhoto]:
        search = self.visual_search
        return list_scored_photos(*scored_photo_paths(search), allow_missing=search.allow_missing)

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint_photos(self._photos)

    def _fitted(self, evidence: Evidence) -> Stage:
        photos, features = self._photos, evidence.features

        def build(folder: Path) -> None:
            # Imported here, since scikit-learn takes seconds to load.
            from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor

            chunks = [photos[start : start + BATCH_SIZE] for start in range(0, len(photos), BATCH_SIZE)]
            images = (torch.stack([_decoded(photo.path) for photo in chunk]) for chunk in chunks)
            pooled = _pooled(evidence, images, len(chunks), "features of photos")
            scores = np.array([photo.score for photo in photos])
            names = [photo.name for photo in photos]
            SearchTimeRegressor.fit(pooled, scores, names, self, features.name, features.fingerprint()).save(
                folder / REGRESSOR
            )

        settings = {
            **deciding(self),
            "features": deciding(features),
            "photos": self._fingerprint,
            "weights": features.fingerprint(),
        }
        note = f"{len(photos)} scored photos"
        return evidence.stage("regressor", settings, {}, build, note=note, work=len(photos))

    def _predicted(self, evidence: Evidence) -> Stage:
        def build(folder: Path) -> None:
            chunks = list(batches(evidence.ids, BATCH_SIZE))
            images = (evidence.pairs.batch(chunk)[1] for chunk in chunks)
            features = _pooled(evidence, images, len(chunks), "features of targets")
            save_table(folder, score_table(evidence.ids, l_vsd=self._load(evidence).predict(features)))

        inputs: dict[str, Stage | Reference] = {"pairs": evidence.pairs.origin}
        settings: dict[str, object] = {"ids": evidence.ids}
        if self.regressor:
            settings["regressor"] = file_sha256(Path(self.regressor).expanduser())
        else:
            inputs["regressor"] = self._fitted(evidence)
        return evidence.stage("visual_search", settings, inputs, build, note=f"{len(evidence.ids)} images")

    def _load(self, evidence: Evidence) -> "SearchTimeRegressor":
        from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor

        if self.regressor:
            path = Path(self.regressor).expanduser()
        else:
            path = evidence.folder(self._fitted(evidence)) / REGRESSOR
        return SearchTimeRegressor.load(path, evidence.features.name, evidence.features.fingerprint())


def _pooled(evidence: Evidence, images: "Iterator[Tensor]", n_batches: int, description: str) -> np.ndarray:
    # Imported here, since the backbones' libraries take seconds to load.
    from mia_exp.features.pooled import PooledFeatures

    pool = PooledFeatures(evidence.features, evidence.device)
    return np.concatenate([pool(batch) for batch in track(images, description, n_batches)])


def _decoded(path: Path) -> "Tensor":
    image, _ = decode(path)
    return to_tensor(resize(image, PHOTO_SIDE))
