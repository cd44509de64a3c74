"""How sure the answer is: scores joined with membership, as pure functions of arrays."""

from mia_exp.evaluation.blind import blind_statistics
from mia_exp.evaluation.evaluate import as_membership, evaluate
from mia_exp.evaluation.results import Evaluation
from mia_exp.evaluation.roc import allowed_accusations, roc_curve

__all__ = ["Evaluation", "allowed_accusations", "as_membership", "blind_statistics", "evaluate", "roc_curve"]
