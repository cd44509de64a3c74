"""The single-image difficulty attack: L_mem = L_rec - alpha * L_diff (Eq. 3)."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from mia_exp.attacks.attack import COMBINED, Attack
from mia_exp.attacks.evidence import Evidence
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
    )

    alpha: float = harmless(0.5, because=COMBINED)

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_mem; see `Attack.score`."""
        return score_table(evidence.ids, l_mem=evidence.l_rec - self.alpha * evidence.l_diff)
