"""The difficulty alone: L_diff (Eq. 2)."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pandas as pd

from mia_exp.attacks.attack import L_DIFF, Attack
from mia_exp.attacks.evidence import Evidence
from mia_exp.core.column import Column
from mia_exp.core.score_table import score_table


@dataclass
class DifficultyOnly(Attack):
    """L_diff alone, which does not query the victim: for victim=none."""

    columns: ClassVar[tuple[Column, ...]] = (replace(L_DIFF, blind=False),)
    queries_victim: ClassVar[bool] = False

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_diff; see `Attack.score`."""
        return score_table(evidence.ids, l_diff=evidence.l_diff)
