"""How the attacker's queries are answered."""

from dataclasses import dataclass
from enum import Enum

from mia_exp.core.check import MEMORY, require, require_at_most
from mia_exp.core.keys import harmless


class QueryMode(Enum):
    """The mode of the queried generator.

    `eval` is deterministic. `stochastic` keeps dropout and batch statistics active, one image at a time, as in the
    original's test script.
    """

    eval = "eval"
    stochastic = "stochastic"


@dataclass
class QuerySettings:
    """How the attacker's queries are answered.

    Attributes:
        mode: `eval` or `stochastic`.
        epoch: The victim's checkpoint to query, or null for its last.
        seed: Seeds the dropout of `stochastic`, per image.
        batch_size: Images per forward pass; the output for an image does not depend on it.
    """

    mode: QueryMode = QueryMode.eval
    epoch: int | None = None
    seed: int = 0
    batch_size: int = harmless(32, because="the output for an image does not depend on its batch")

    def __post_init__(self) -> None:
        require(self.epoch is None or self.epoch >= 1, f"query.epoch={self.epoch}: expected 1 or more, or null")
        require(self.batch_size >= 1, f"query.batch_size={self.batch_size}: expected 1 or more")
        require_at_most(self.batch_size, 4096, "query.batch_size", MEMORY)
