"""The attack whose difficulty was learned from human search times."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mia_exp.artifacts import Stage
from mia_exp.attacks.combine import membership_score
from mia_exp.config import SupervisedConfig
from mia_exp.data import decode, resize
from mia_exp.data.search_difficulty import fingerprint_photos, list_scored_photos, scored_photo_paths
from mia_exp.data.store import to_tensor
from mia_exp.features import weights_fingerprint
from mia_exp.keys import deciding
from mia_exp.pipeline.case import Attack, Case
from mia_exp.pipeline.context import batches, save_columns
from mia_exp.progress import track
from mia_exp.storage import file_sha256

if TYPE_CHECKING:
    from mia_exp.attacks.supervised import SearchTimeRegressor

REGRESSOR = "regressor.safetensors"
# Images that the backbone sees at once; their features do not depend on it.
TOGETHER = 16
# The side that photos are brought to, in pixels: the backbone's.
PHOTO_SIDE = 224


class Supervised(Attack):
    """L_rec less alpha times a difficulty that was learned from how long people searched."""

    headline = "l_mem_vsd"
    compared = (("l_mem_vsd", "l_rec"),)

    def __init__(self, config: SupervisedConfig, case: Case) -> None:
        self._config = config
        self._case = case
        self._features = case.context.config.features
        self._weights = weights_fingerprint(self._features)
        search = case.context.config.visual_search
        self._photos = (
            []
            if config.regressor
            else list_scored_photos(*scored_photo_paths(search), allow_missing=search.allow_missing)
        )
        if config.regressor:
            # Read once before any work, so that a file that does not fit is refused now.
            self._regressor()

    @property
    def stages(self) -> dict[str, Stage]:
        """The fitted regressor, unless one is given, and its predictions."""
        fitted = {} if self._config.regressor else {"regressor": self._fitted}
        return {**fitted, "visual_search": self._predicted}

    def columns(self) -> dict[str, np.ndarray]:
        """`l_mem_vsd`."""
        difficulty = self._case.column(self._predicted, "l_vsd")
        return {"l_mem_vsd": membership_score(self._case.l_rec, difficulty, self._config.alpha)}

    def blind(self) -> dict[str, np.ndarray]:
        """`l_vsd`, the predicted difficulty: the victim has no part in it."""
        return {"l_vsd": self._case.column(self._predicted, "l_vsd")}

    def details(self) -> dict[str, float | str]:
        """How well the regressor orders photos that it was not fitted on."""
        about = self._regressor().provenance
        low, high = about.rank_correlation_ci95
        return {
            "scored photos": about.n_photos,
            "cross-validated rank correlation": f"{about.rank_correlation:.3f} [{low:.3f}, {high:.3f}]",
        }

    @property
    def _fitted(self) -> Stage:
        config, photos = self._config, self._photos

        def build(folder: Path) -> None:
            # Imported where it is used: scikit-learn takes seconds to load.
            from mia_exp.attacks.supervised import SearchTimeRegressor

            cut = [photos[start : start + TOGETHER] for start in range(0, len(photos), TOGETHER)]
            images = (torch.stack([_decoded(photo.path) for photo in few]) for few in cut)
            features = self._pooled(images, len(cut), "describing photos")
            scores = np.array([photo.score for photo in photos])
            names = [photo.name for photo in photos]
            backbone = self._features.backbone
            SearchTimeRegressor.fit(features, scores, names, config, backbone, self._weights).save(
                folder / REGRESSOR
            )

        settings = {
            **deciding(config),
            **deciding(self._features),
            "photos": fingerprint_photos(photos),
            "weights": self._weights,
        }
        note = f"{len(photos)} scored photos"
        return Stage("regressor", 1, settings, {}, build, note=note, work=len(photos))

    @property
    def _predicted(self) -> Stage:
        case = self._case
        size = case.victim.config.image_size

        def build(folder: Path) -> None:
            store = case.dataset.at(size)
            cut = list(batches(case.ids, TOGETHER))
            features = self._pooled((store.batch(few)[1] for few in cut), len(cut), "describing targets")
            save_columns(folder, case.ids, {"l_vsd": self._regressor().predict(features)})

        inputs = {"pairs": case.dataset.stage(size)}
        settings: dict[str, object] = {"ids": case.ids}
        if self._config.regressor:
            settings["regressor"] = file_sha256(Path(self._config.regressor).expanduser())
        else:
            inputs["regressor"] = self._fitted
        return Stage("visual_search", 1, settings, inputs, build, note=f"{len(case.ids)} images")

    def _regressor(self) -> "SearchTimeRegressor":
        from mia_exp.attacks.supervised import SearchTimeRegressor

        if self._config.regressor:
            path = Path(self._config.regressor).expanduser()
        else:
            path = self._case.context.store.get(self._fitted) / REGRESSOR
        return SearchTimeRegressor.load(path, self._features.backbone, self._weights)

    def _pooled(self, images: Iterator[torch.Tensor], n_batches: int, what: str) -> np.ndarray:
        # Imported where it is used: the backbones' libraries take seconds to load.
        from mia_exp.features.pooled import PooledFeatures

        pool = PooledFeatures(self._features, self._case.context.device)
        return np.concatenate([pool(batch) for batch in track(images, what, n_batches)])


def _decoded(path: Path) -> torch.Tensor:
    image, _ = decode(path)
    return to_tensor(resize(image, PHOTO_SIDE))
