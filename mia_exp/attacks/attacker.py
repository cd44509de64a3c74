"""What the attacker has besides the black box: pairs of their own, and photos that people searched."""

from dataclasses import dataclass
from typing import Any

from mia_exp.core.check import require
from mia_exp.core.component import choice_of
from mia_exp.core.keys import harmless

CONTENT = "says where files are, which enter by name and content"


@dataclass
class ShadowSettings:
    """A model of the victim's own kind and settings that the attacker trains on pairs of their own.

    Attributes:
        n_pairs: Pairs that it is trained on (N), from the front of the split's `shadow_train`, or of `dataset`.
        dataset: A dataset to take them from instead of the split's shadow lists, or null.
        seed: Seeds its training, and which pairs of `dataset` are taken.
    """

    n_pairs: int = 100
    dataset: Any = choice_of("dataset")
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.n_pairs >= 2, f"shadow.n_pairs={self.n_pairs}: expected 2 or more")
        require(self.seed >= 0, f"shadow.seed={self.seed}: expected 0 or more")


@dataclass
class VisualSearchSettings:
    """The human search times that a difficulty is learned from (Tudor Ionescu et al., 2016).

    Attributes:
        scores: CSV of photo name and score, without a header; null: `$MIA_EXP_DATA/vsd/VSD_dataset.csv`.
        photos: Folder of the VOC photos that the scores belong to; null: `$MIA_EXP_DATA/vsd/JPEGImages`.
        allow_missing: Fit on the photos that are there, where some that have a score are not.
    """

    scores: str | None = harmless(None, because=CONTENT)
    photos: str | None = harmless(None, because=CONTENT)
    allow_missing: bool = harmless(
        False, because="says which photos may be left out; those that are read enter by content"
    )
