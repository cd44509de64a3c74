"""The reconstruction error alone: L_rec (Eq. 1)."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from mia_exp.attacks.attack import L_REC, Attack
from mia_exp.attacks.evidence import Evidence
from mia_exp.core.column import Column
from mia_exp.core.score_table import score_table


@dataclass
class Reconstruction(Attack):
    """L_rec (Eq. 1): the error of the victim's output."""

    columns: ClassVar[tuple[Column, ...]] = (L_REC,)

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_rec; see `Attack.score`."""
        return score_table(evidence.ids, l_rec=evidence.l_rec)
