"""The generators under attack: architectures, training, and the black box that answers queries."""

from mia_exp.victims.generator import UNetGenerator, load_generator
from mia_exp.victims.query import QueryFunction, answer_queries, black_box
from mia_exp.victims.training import check_weights, train

__all__ = [
    "QueryFunction",
    "UNetGenerator",
    "answer_queries",
    "black_box",
    "check_weights",
    "load_generator",
    "train",
]
