"""What the attacker has besides the black box: pairs of their own, and photos with human search times."""

from dataclasses import dataclass
from typing import Any

from mia_exp.core.check import require
from mia_exp.core.component import choice_of
from mia_exp.core.keys import harmless

CONTENT = "says where files are, which enter by name and content"


@dataclass
class ShadowSettings:
    """A shadow model: it has the victim's architecture and settings, and is trained on the attacker's own pairs.

    Attributes:
        n_pairs: Number of training pairs (N), the first of the split's `shadow_train`, or of `dataset`.
        dataset: A dataset to take them from instead of the split's shadow lists, or null.
        seed: Seeds its training and the selection of pairs from `dataset`.
    """

    n_pairs: int = 100
    dataset: Any = choice_of("dataset")
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.n_pairs >= 2, f"shadow.n_pairs={self.n_pairs}: expected 2 or more")
        require(self.seed >= 0, f"shadow.seed={self.seed}: expected 0 or more")


@dataclass
class VisualSearchSettings:
    """The human search times that a difficulty predictor is trained on (Tudor Ionescu et al., 2016).

    Attributes:
        scores: CSV of photo name and score, without a header; null: `$MIA_EXP_DATA/vsd/VSD_dataset.csv`.
        photos: Folder of the VOC photos that the scores belong to; null: `$MIA_EXP_DATA/vsd/JPEGImages`.
        allow_missing: Fit on the available photos if some photos with a score are missing.
    """

    scores: str | None = harmless(None, because=CONTENT)
    photos: str | None = harmless(None, because=CONTENT)
    allow_missing: bool = harmless(
        False, because="says which photos may be left out; those that are read enter by content"
    )
