"""Evaluation: scores are joined with membership labels, by pure functions of arrays."""

from mia_exp.evaluation.blind import blind_statistics
from mia_exp.evaluation.evaluate import as_membership_score, evaluate
from mia_exp.evaluation.near_duplicates import NearPair, nearest_members
from mia_exp.evaluation.results import Evaluation
from mia_exp.evaluation.roc import max_false_positives, roc_curve

__all__ = [
    "Evaluation",
    "NearPair",
    "as_membership_score",
    "blind_statistics",
    "evaluate",
    "max_false_positives",
    "nearest_members",
    "roc_curve",
]
