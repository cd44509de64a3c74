"""What every defense is: a query function around another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.component import Component

if TYPE_CHECKING:
    from mia_exp.victims import QueryFunction


@dataclass
class Defense(Component):
    """What happens to V(x) before it leaves the model.

    Attributes:
        changes_outputs: Whether anything happens at all; then its damage is measured.
    """

    changes_outputs: ClassVar[bool] = True

    def wrap(self, query: "QueryFunction") -> "QueryFunction":
        """Puts the defense before a query function, x (N, C, H, W) in [0, 1] -> V(x) (N, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """The defense and its strength in a few words, for plans."""
        return self.title
