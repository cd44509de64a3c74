"""No victim."""

from dataclasses import dataclass
from typing import ClassVar

from mia_exp.core.check import MEMORY, require, require_at_most
from mia_exp.victims.victim import MAX_SIDE, Victim


@dataclass
class NoVictim(Victim):
    """No victim: only the difficulty of images is scored."""

    choice: ClassVar[str] = "none"
    queryable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require(self.image_size >= 16, f"victim.image_size={self.image_size}: expected 16 or more")
        require_at_most(self.image_size, MAX_SIDE, "victim.image_size", MEMORY)
