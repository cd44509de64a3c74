"""How sure the answer is: scores joined with membership, as pure functions of arrays."""

from mia_exp.evaluation.blind import blind_statistics
from mia_exp.evaluation.evaluate import Evaluation, as_membership, evaluate
from mia_exp.evaluation.roc import roc_curve

__all__ = ["Evaluation", "as_membership", "blind_statistics", "evaluate", "roc_curve"]
