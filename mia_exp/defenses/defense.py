"""The base class of defenses: each wraps a query function."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.component import Component

if TYPE_CHECKING:
    from mia_exp.victims.query import QueryFunction


@dataclass
class Defense(Component):
    """A change of V(x) before it leaves the model.

    Attributes:
        changes_outputs: Whether it changes V(x); if so, its damage is measured.
    """

    changes_outputs: ClassVar[bool] = True

    def wrap(self, query: "QueryFunction") -> "QueryFunction":
        """Applies the defense to a query function, x (N, C, H, W) in [0, 1] -> V(x) (N, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """The defense and its strength, for plans."""
        return self.title
