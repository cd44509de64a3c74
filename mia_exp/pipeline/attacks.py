"""The attacks that need no model of their own, and the choice among all of them."""

from pathlib import Path

import numpy as np

from mia_exp.artifacts import Stage
from mia_exp.attacks.augmented import augmented_error
from mia_exp.attacks.combine import membership_score
from mia_exp.config import (
    AttackConfig,
    AugmentedConfig,
    MultiImageConfig,
    OursConfig,
    ReconstructionConfig,
    ShadowAttackConfig,
    SupervisedConfig,
)
from mia_exp.data import augmented
from mia_exp.data.store import to_tensor
from mia_exp.keys import deciding
from mia_exp.pipeline.case import Attack, Case
from mia_exp.pipeline.context import numbered_batches, save_columns
from mia_exp.pipeline.shadow import MultiImage, ShadowClassifier
from mia_exp.pipeline.supervised import Supervised
from mia_exp.progress import track
from mia_exp.seeds import derive
from mia_exp.victims import to_uint8

# pix2pix's ratio of the size that is loaded to the size that is cropped from it.
CROPPED_FROM = 286 / 256


def open_attack(config: AttackConfig, case: Case) -> Attack:
    """The attack that a configuration describes.

    Raises:
        MiaError: It does not fit the case.
    """
    match config:
        case ReconstructionConfig():
            return Attack()
        case OursConfig():
            return Ours(config, case)
        case AugmentedConfig():
            return Augmented(config, case)
        case MultiImageConfig():
            return MultiImage(config, case)
        case SupervisedConfig():
            return Supervised(config, case)
        case ShadowAttackConfig():
            return ShadowClassifier(config, case)
    raise TypeError(f"{type(config).__name__} asks no victim")


class Ours(Attack):
    """L_mem = L_rec - alpha * L_diff."""

    headline = "l_mem"
    compared = (("l_mem", "l_rec"),)

    def __init__(self, config: OursConfig, case: Case) -> None:
        self._config = config
        self._case = case

    def columns(self) -> dict[str, np.ndarray]:
        """`l_mem`."""
        return {"l_mem": membership_score(self._case.l_rec, self._case.l_diff, self._config.alpha)}


class Augmented(Attack):
    """L_rec over flipped and cropped variants, less alpha * L_diff."""

    headline = "l_mem_aug"
    compared = (("l_mem_aug", "l_rec"), ("l_rec_aug", "l_rec"))

    def __init__(self, config: AugmentedConfig, case: Case) -> None:
        self._config = config
        self._case = case
        size = case.victim.config.image_size
        self._size = round(size * CROPPED_FROM) if "crop" in config.kinds else size

    @property
    def stages(self) -> dict[str, Stage]:
        """The pairs that variants are cropped from, and L_rec over the variants."""
        return {"variant_pairs": self._case.dataset.stage(self._size), "augmented": self._errors}

    def columns(self) -> dict[str, np.ndarray]:
        """`l_rec_aug` and `l_mem_aug`."""
        error = self._case.column(self._errors, "l_rec_aug")
        score = membership_score(error, self._case.l_diff, self._config.alpha)
        return {"l_rec_aug": error, "l_mem_aug": score}

    def details(self) -> dict[str, float | str]:
        """How many variants were asked about."""
        return {"queries of each image": self._config.variants}

    @property
    def _errors(self) -> Stage:
        config, case = self._config, self._case
        victim = case.victim
        settings = {
            "variants": deciding(config),
            "answers": victim.answering(case.defense),
            "ids": case.ids,
            "image_size": victim.config.image_size,
        }

        def build(folder: Path) -> None:
            query = victim.black_box(case.defense)
            together = max(1, victim.query_config.batch_size // config.variants)
            cut = list(numbered_batches(case.ids, together))
            errors = np.empty(len(case.ids))
            for rows, few in track(cut, "querying variants", len(cut)):
                x, y = self._variants(few)
                answers = to_uint8(query(to_tensor(x))).reshape(y.shape)
                errors[rows] = augmented_error(y, answers)
            save_columns(folder, case.ids, {"l_rec_aug": errors})

        inputs = {"pairs": case.dataset.stage(self._size), **victim.origin}
        note = f"{len(case.ids)} images, {config.variants} queries each"
        return Stage("augmented", 1, settings, inputs, build, note=note)

    def _variants(self, ids: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Variants of x, uint8 (N * K, H, W, C), and of y, uint8 (N, K, H, W, 3)."""
        config = self._config
        store = self._case.dataset.at(self._size)
        size = self._case.victim.config.image_size
        x, y = [], []
        for id, row in zip(ids, store.rows(ids), strict=True):
            for number in range(config.variants):
                rng = np.random.default_rng(derive(config.seed, "variant", id, number))
                pair = augmented(store.x[row], store.y[row], size, flip="flip" in config.kinds, rng=rng)
                x.append(pair[0])
                y.append(pair[1])
        return np.stack(x), np.stack(y).reshape(len(ids), config.variants, size, size, 3)
