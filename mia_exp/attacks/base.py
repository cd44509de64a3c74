"""What every attack is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.column import Column
from mia_exp.core.component import Component
from mia_exp.core.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from mia_exp.attacks.evidence import Evidence
    from mia_exp.core.artifacts import Stage

# alpha enters where the score table is put together.
COMBINED = "combined with scores that are kept; no artifact depends on it"

L_REC = Column("l_rec", "L_rec", "reconstruction error", higher_is_member=False)
L_DIFF = Column("l_diff", "L_diff", "difficulty of the image", higher_is_member=False, blind=True)


class OwnPairs(Enum):
    """Which pairs of their own an attacker needs, to train models like the victim on."""

    none = "none"
    trained_on = "trained_on"
    trained_on_and_held_out = "trained_on_and_held_out"


@dataclass
class Attack(Component):
    """An attack: its settings, what it needs besides the black box, and its scores.

    Attributes:
        columns: The scores that it makes, the one that it is about first.
        queries_victim: Whether it queries the victim.
        own_pairs: Which pairs of their own the attacker needs (`shadow`).
    """

    columns: ClassVar[tuple[Column, ...]]
    queries_victim: ClassVar[bool] = True
    own_pairs: ClassVar[OwnPairs] = OwnPairs.none

    def stages(self, evidence: "Evidence") -> "Mapping[str, Stage]":
        """The intermediate results that are kept, by part, in the order in which they are made."""
        return {}

    def score(self, evidence: "Evidence") -> "pd.DataFrame":
        """Scores the evaluated pairs.

        Returns:
            A table indexed by id with the columns that are declared.
        """
        raise NotImplementedError

    def details(self, evidence: "Evidence") -> Mapping[str, float | str]:
        """What else a reader should know, by name."""
        return {}

    def check_images(self, image_size: int) -> None:
        """Refuses settings that do not suit images of a size.

        Raises:
            ConfigError: They do not.
        """

    @classmethod
    def check_declaration(cls) -> None:
        """Refuses an attack whose columns are not declared as they should be.

        Raises:
            ConfigError: There is none, or one is there twice.
        """
        columns = getattr(cls, "columns", ())
        if not columns or (columns[0].blind and cls.queries_victim):
            raise ConfigError(f"{cls.__name__} declares no column that is its score: set columns = (Column(...),)")
        names = [column.name for column in columns]
        names += [column.name for column in (L_REC, L_DIFF) if column.name not in names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"{cls.__name__} declares the column {twice[0]} twice; each needs a name of its own")
