"""The single-image difficulty attack: L_mem = L_rec - alpha * L_diff (Eq. 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from mia_exp.attacks.attack import COMBINED, Attack
from mia_exp.attacks.evidence import Evidence
from mia_exp.attacks.numerics.slope import unlabelled_slope
from mia_exp.core.column import Column
from mia_exp.core.keys import harmless
from mia_exp.core.score_table import score_table


@dataclass
class Ours(Attack):
    """L_mem = L_rec - alpha * L_diff (Eq. 3), called "ours" in the paper.

    Attributes:
        alpha: Weight of the difficulty; the paper uses 0.5 with Wide-ResNet50-2 features.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "l_mem",
            "L_mem",
            "reconstruction error minus difficulty",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_diff",
        ),
        Column(
            "l_mem_slope",
            "L_mem,slope",
            "error minus the slope times the difficulty",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_diff",
        ),
    )

    alpha: float = harmless(0.5, because=COMBINED)

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_mem with the given alpha, and with the slope as alpha; see `Attack.score`."""
        error, difficulty = evidence.l_rec, evidence.l_diff
        slope = unlabelled_slope(error, difficulty)
        return score_table(
            evidence.ids, l_mem=error - self.alpha * difficulty, l_mem_slope=error - slope * difficulty
        )

    def details(self, evidence: Evidence) -> Mapping[str, float | str]:
        """The slope."""
        return {"alpha of L_mem,slope": unlabelled_slope(evidence.l_rec, evidence.l_diff)}
