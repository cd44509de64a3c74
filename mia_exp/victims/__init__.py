"""The generators under attack: architectures, training, and the black box that answers queries."""

from mia_exp.victims.generator_file import load_generator, training_set_hash
from mia_exp.victims.query import QueryFunction, answer_queries, black_box
from mia_exp.victims.training import LOSSES_FILE, check_weights, generator_file, train

__all__ = [
    "LOSSES_FILE",
    "QueryFunction",
    "answer_queries",
    "black_box",
    "check_weights",
    "generator_file",
    "load_generator",
    "train",
    "training_set_hash",
]
