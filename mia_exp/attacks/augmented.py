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
from mia_exp.attacks.numerics.slope import unlabelled_slope
from mia_exp.core.artifacts import Stage
from mia_exp.core.check import TIME, require, require_at_most
from mia_exp.core.column import Column
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.keys import deciding, harmless
from mia_exp.core.progress import track
from mia_exp.core.score_table import numbered_batches, save_table, score_table
from mia_exp.core.seeds import derive
from mia_exp.data.crop import augmented

AUGMENTATIONS = ("flip", "crop")
# pix2pix's ratio of load size to crop size.
LOAD_RATIO = 286 / 256
MAX_RATIO = 8


@dataclass
class Augmented(Attack):
    """Ours-Aug: L_rec averaged over flipped and cropped variants of a pair, minus alpha * L_diff.

    Attributes:
        alpha: Weight of the difficulty.
        variants: Number of variants of each pair that are queried (K).
        kinds: The augmentations: `flip`, `crop` or both.
        load_ratio: Side at which a pair is loaded, relative to `victim.image_size`, or null: 286 / 256 (pix2pix's)
            with `crop`, 1 without. Without `crop` the whole pair is queried at that side, rounded to one that the
            victim answers.
        crop_ratio: Side of the queried windows of `crop`, relative to `victim.image_size`; rounded likewise.
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
            "l_mem_aug_slope",
            "L_mem,aug,slope",
            "error over variants minus the slope times the difficulty",
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
    load_ratio: float | None = harmless(None, because="enters as the size of the loaded pairs")
    crop_ratio: float = harmless(1.0, because="enters as the size of the queried windows")
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.variants >= 1, f"attack.variants={self.variants}: expected 1 or more")
        require_at_most(self.variants, 1000, "attack.variants", TIME)
        wrong = [kind for kind in self.kinds if kind not in AUGMENTATIONS]
        require(
            bool(self.kinds) and not wrong,
            f"attack.kinds={self.kinds}: expected one or both of {', '.join(AUGMENTATIONS)}",
        )
        for name in ("load_ratio", "crop_ratio"):
            ratio = getattr(self, name)
            require(
                ratio is None or 0 < ratio <= MAX_RATIO,
                f"attack.{name}={ratio}: expected a ratio above 0, and {MAX_RATIO} or less",
            )
        require(
            self.crops or self.crop_ratio == 1,
            f"attack.crop_ratio={self.crop_ratio:g}: attack.kinds={self.kinds} crops nothing; add crop to it, or "
            "leave attack.crop_ratio=1",
        )

    @property
    def crops(self) -> bool:
        """Whether windows of a pair are queried, not the whole pair."""
        return "crop" in self.kinds

    def sides(self, image_size: int, sizes: ImageSizes) -> tuple[int, int]:
        """The sides in pixels at which pairs are loaded, and of the queries.

        Args:
            image_size: Side of x, y and V(x) in pixels.
            sizes: Sides of the images that the victim answers.

        Raises:
            ConfigError: The victim does not answer queries of such a side, or the windows are not smaller than the
                pairs.
        """
        ratio = self.load_ratio or (LOAD_RATIO if self.crops else 1.0)
        if not self.crops:
            side = _queried_side("load_ratio", ratio, image_size, sizes)
            return side, side
        loaded = round(image_size * ratio)
        window = _queried_side("crop_ratio", self.crop_ratio, image_size, sizes)
        require(
            window < loaded,
            f"attack.crop_ratio={self.crop_ratio:g}: a window of {window} pixels crops nothing from a pair of "
            f"{loaded}, attack.load_ratio={ratio:g} times victim.image_size={image_size}; expected a smaller "
            "crop_ratio or a larger load_ratio",
        )
        return loaded, window

    def check_images(self, image_size: int, sizes: ImageSizes) -> None:
        """Checks that the victim answers queries of this attack's size; see `Attack.check_images`."""
        self.sides(image_size, sizes)

    def stages(self, evidence: Evidence) -> Mapping[str, Stage]:
        """L_rec over the variants."""
        return {"augmented": self._errors(evidence)}

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_mem,aug and L_rec,aug; see `Attack.score`."""
        error = evidence.table(self._errors(evidence))["l_rec_aug"]
        difficulty = evidence.l_diff
        return score_table(
            evidence.ids,
            l_mem_aug=error - self.alpha * difficulty,
            l_mem_aug_slope=error - unlabelled_slope(error, difficulty) * difficulty,
            l_rec_aug=error,
        )

    def details(self, evidence: Evidence) -> Mapping[str, float | str]:
        """The number of variants queried, and their size."""
        _, side = self._sides(evidence)
        return {"queries of each image": self.variants, "side of a query in pixels": side}

    def _sides(self, evidence: Evidence) -> tuple[int, int]:
        return self.sides(evidence.image_size, evidence.query.sizes)

    def _errors(self, evidence: Evidence) -> Stage:
        ids = evidence.ids
        loaded, side = self._sides(evidence)
        pairs = evidence.pairs_at(loaded)

        def build(folder: Path) -> None:
            from mia_exp.data.tensors import to_tensor, to_uint8

            images_per_batch = max(1, evidence.query.batch_size // self.variants)
            batches = list(numbered_batches(ids, images_per_batch))
            errors = np.empty(len(ids))
            for rows, batch_ids in track(batches, "querying variants", len(batches)):
                x, y = self._variants(pairs, batch_ids, side)
                outputs = to_uint8(evidence.query(to_tensor(x))).reshape(y.shape)
                errors[rows] = augmented_error(y, outputs)
            save_table(folder, score_table(ids, l_rec_aug=errors))

        settings = {
            **deciding(self),
            "black_box": evidence.query.key,
            "ids": ids,
            "image_size": side,
        }
        inputs = {"pairs": pairs.origin, **evidence.query.origin}
        note = f"{len(ids)} images, {self.variants} queries each at {side} px"
        return evidence.stage("augmented", settings, inputs, build, note=note)

    def _variants(self, pairs: Pairs, ids: list[str], side: int) -> tuple[np.ndarray, np.ndarray]:
        """Variants of x, uint8 (N * K, H, W, C), and of y, uint8 (N, K, H, W, 3)."""
        x, y = [], []
        for id in ids:
            for number in range(self.variants):
                rng = np.random.default_rng(derive(self.seed, "variant", id, number))
                pair = augmented(pairs.x_at(id), pairs.y_at(id), side, flip="flip" in self.kinds, rng=rng)
                x.append(pair[0])
                y.append(pair[1])
        return np.stack(x), np.stack(y).reshape(len(ids), self.variants, side, side, 3)


def _queried_side(setting: str, ratio: float, image_size: int, sizes: ImageSizes) -> int:
    """The side of queries of `ratio` times the victim's size, rounded to one that it answers.

    Raises:
        ConfigError: The nearest is the victim's own, although the ratio is not 1, or none is as small or large.
    """
    asked = image_size * ratio
    side = sizes.nearest(asked)
    require(
        (side != image_size or ratio == 1) and abs(side - asked) <= sizes.step / 2,
        f"attack.{setting}={ratio:g}: expected queries of another side that the victim answers, found {asked:g} "
        f"pixels, {ratio:g} times victim.image_size={image_size}; it answers {sizes}, so choose a ratio nearer to "
        "one of them, or another victim",
    )
    return side
