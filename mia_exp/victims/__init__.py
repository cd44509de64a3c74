"""The generators under attack: architectures, training, and the black box.

`victims.training` is not imported here: its libraries take seconds to load, and most runs find a trained victim in
the cache.
"""

from mia_exp.victims.generator_file import LOSSES_FILE, generator_file, load_generator, training_set_hash
from mia_exp.victims.query import QueryFunction, black_box, run_queries

__all__ = [
    "LOSSES_FILE",
    "QueryFunction",
    "black_box",
    "generator_file",
    "load_generator",
    "run_queries",
    "training_set_hash",
]
