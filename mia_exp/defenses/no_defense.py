"""No defense."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.defenses.defense import Defense

if TYPE_CHECKING:
    from mia_exp.victims.query import QueryFunction


@dataclass
class NoDefense(Defense):
    """V(x) leaves the model unchanged."""

    choice: ClassVar[str] = "none"
    changes_outputs: ClassVar[bool] = False

    def wrap(self, query: "QueryFunction") -> "QueryFunction":
        """The query function itself."""
        return query
