"""The mean error over flipped and cropped variants of a pair: Ours-Aug of Shafran, Peleg, Hoshen (2021)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from mia_exp.attacks.attack import COMBINED, Attack
from mia_exp.attacks.evidence import Evidence, Pairs
from mia_exp.attacks.numerics.augmented_error import augmented_error
from mia_exp.core.artifacts import Stage
from mia_exp.core.check import TIME, require, require_at_most
from mia_exp.core.column import Column
from mia_exp.core.keys import deciding, harmless
from mia_exp.core.progress import track
from mia_exp.core.score_table import numbered_batches, save_table, score_table
from mia_exp.core.seeds import derive
from mia_exp.data.crop import augmented

AUGMENTATIONS = ("flip", "crop")
# pix2pix's ratio of load size to crop size.
LOAD_SIZE_RATIO = 286 / 256


@dataclass
class Augmented(Attack):
    """Ours-Aug: L_rec averaged over flipped and cropped variants of a pair, minus alpha * L_diff.

    Attributes:
        alpha: Weight of the difficulty.
        variants: Number of variants of each pair that are queried (K).
        kinds: The augmentations: `flip`, `crop` or both.
        seed: Seeds crops and flips, by image and variant.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "l_mem_aug",
            "L_mem,aug",
            "error over augmented variants minus difficulty",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_diff",
        ),
        Column(
            "l_rec_aug",
            "L_rec,aug",
            "reconstruction error over augmented variants",
            higher_is_member=False,
            compared_with="l_rec",
        ),
    )

    alpha: float = harmless(0.5, because=COMBINED)
    variants: int = 8
    kinds: list[str] = field(default_factory=lambda: ["flip", "crop"])
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.variants >= 1, f"attack.variants={self.variants}: expected 1 or more")
        require_at_most(self.variants, 1000, "attack.variants", TIME)
        wrong = [kind for kind in self.kinds if kind not in AUGMENTATIONS]
        require(
            bool(self.kinds) and not wrong,
            f"attack.kinds={self.kinds}: expected one or both of {', '.join(AUGMENTATIONS)}",
        )

    def stages(self, evidence: Evidence) -> Mapping[str, Stage]:
        """L_rec over the variants."""
        return {"augmented": self._errors(evidence)}

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_mem,aug and L_rec,aug; see `Attack.score`."""
        error = evidence.table(self._errors(evidence))["l_rec_aug"]
        return score_table(evidence.ids, l_rec_aug=error, l_mem_aug=error - self.alpha * evidence.l_diff)

    def details(self, evidence: Evidence) -> Mapping[str, float | str]:
        """The number of variants queried."""
        return {"queries of each image": self.variants}

    def _errors(self, evidence: Evidence) -> Stage:
        size, ids = evidence.image_size, evidence.ids
        pairs = evidence.pairs_at(round(size * LOAD_SIZE_RATIO) if "crop" in self.kinds else size)

        def build(folder: Path) -> None:
            from mia_exp.data.tensors import to_tensor, to_uint8

            images_per_batch = max(1, evidence.query.batch_size // self.variants)
            batches = list(numbered_batches(ids, images_per_batch))
            errors = np.empty(len(ids))
            for rows, batch_ids in track(batches, "querying variants", len(batches)):
                x, y = self._variants(pairs, batch_ids, size)
                outputs = to_uint8(evidence.query(to_tensor(x))).reshape(y.shape)
                errors[rows] = augmented_error(y, outputs)
            save_table(folder, score_table(ids, l_rec_aug=errors))

        settings = {
            **deciding(self),
            "black_box": evidence.query.key,
            "ids": ids,
            "image_size": size,
        }
        inputs = {"pairs": pairs.origin, **evidence.query.origin}
        note = f"{len(ids)} images, {self.variants} queries each"
        return evidence.stage("augmented", settings, inputs, build, note=note)

    def _variants(self, pairs: Pairs, ids: list[str], size: int) -> tuple[np.ndarray, np.ndarray]:
        """Variants of x, uint8 (N * K, H, W, C), and of y, uint8 (N, K, H, W, 3)."""
        x, y = [], []
        for id in ids:
            for number in range(self.variants):
                rng = np.random.default_rng(derive(self.seed, "variant", id, number))
                pair = augmented(pairs.x_at(id), pairs.y_at(id), size, flip="flip" in self.kinds, rng=rng)
                x.append(pair[0])
                y.append(pair[1])
        return np.stack(x), np.stack(y).reshape(len(ids), self.variants, size, size, 3)
