"""The error minus a shadow model's: the multi-image baseline of Shafran, Peleg, Hoshen (2021)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from mia_exp.attacks.attack import COMBINED, Attack, OwnPairs
from mia_exp.attacks.evidence import Evidence
from mia_exp.attacks.numerics.slope import unlabelled_slope
from mia_exp.core.artifacts import Stage
from mia_exp.core.column import Column
from mia_exp.core.keys import harmless
from mia_exp.core.score_table import score_table


@dataclass
class MultiImage(Attack):
    """L_rec minus alpha times the error of a shadow model on the same pair.

    Attributes:
        alpha: Weight of the shadow model's error.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "l_mem_multi",
            "L_mem,multi",
            "reconstruction error minus a shadow model's",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_shadow",
        ),
        Column(
            "l_mem_multi_slope",
            "L_mem,multi,slope",
            "error minus the slope times a shadow model's",
            higher_is_member=False,
            compared_with="l_rec",
            subtracts="l_shadow",
        ),
        Column("l_shadow", "L_shadow", "error of a shadow model", higher_is_member=False, blind=True),
    )
    own_pairs: ClassVar[OwnPairs] = OwnPairs.trained_on

    alpha: float = harmless(0.5, because=COMBINED)

    def stages(self, evidence: Evidence) -> Mapping[str, Stage]:
        """The shadow model, its outputs and their errors."""
        model = evidence.shadow_model()
        queries = model.outputs(evidence.pairs, evidence.ids).stage
        return {
            **model.stages,
            "shadow_queries": queries,
            "shadow_reconstruction": _errors(evidence),
        }

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """L_mem,multi and the shadow model's error, which is independent of the victim; see `Attack.score`."""
        error, shadow = evidence.l_rec, evidence.table(_errors(evidence))["l_shadow"]
        return score_table(
            evidence.ids,
            l_mem_multi=error - self.alpha * shadow,
            l_mem_multi_slope=error - unlabelled_slope(error, shadow) * shadow,
            l_shadow=shadow,
        )

    def details(self, evidence: Evidence) -> Mapping[str, float | str]:
        """The shadow model's training set, and the slope."""
        slope = unlabelled_slope(evidence.l_rec, evidence.table(_errors(evidence))["l_shadow"])
        return {
            "shadow pairs": len(evidence.own.trained_on),
            "shadow dataset": evidence.own.dataset,
            "alpha of L_mem,multi,slope": slope,
        }


def _errors(evidence: Evidence) -> Stage:
    return evidence.shadow_model().errors(evidence.pairs, evidence.ids, "l_shadow")
