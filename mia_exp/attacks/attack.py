"""The base class of attacks."""

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
    from mia_exp.core.image_sizes import ImageSizes

# alpha is applied when the score table is assembled.
COMBINED = "combined with stored scores; no artifact depends on it"

L_REC = Column("l_rec", "L_rec", "reconstruction error", higher_is_member=False)
L_DIFF = Column("l_diff", "L_diff", "difficulty of the image", higher_is_member=False, blind=True)


class OwnPairs(Enum):
    """Which pairs of their own an attacker needs, to train shadow models on."""

    none = "none"
    trained_on = "trained_on"
    trained_on_and_held_out = "trained_on_and_held_out"


@dataclass
class Attack(Component):
    """An attack: its settings, what it needs besides the black box, and its scores.

    Attributes:
        columns: Its scores; the first is the one that the attack is evaluated by.
        queries_victim: Whether it queries the victim.
        own_pairs: Which pairs of their own the attacker needs (`shadow`).
    """

    columns: ClassVar[tuple[Column, ...]]
    queries_victim: ClassVar[bool] = True
    own_pairs: ClassVar[OwnPairs] = OwnPairs.none

    def stages(self, evidence: "Evidence") -> "Mapping[str, Stage]":
        """The stages of its intermediate results, by name, in the order in which they are run."""
        return {}

    def score(self, evidence: "Evidence") -> "pd.DataFrame":
        """Scores the evaluated pairs.

        Returns:
            A table indexed by id with the declared columns.
        """
        raise NotImplementedError

    def details(self, evidence: "Evidence") -> Mapping[str, float | str]:
        """Further facts for the report, by name."""
        return {}

    def check_images(self, image_size: int, sizes: "ImageSizes") -> None:
        """Checks the settings against the size of the images.

        Args:
            image_size: Side of x, y and V(x) in pixels.
            sizes: Sides of the images that the victim answers.

        Raises:
            ConfigError: They do not fit.
        """

    @classmethod
    def check_declaration(cls) -> None:
        """Checks the declared columns.

        Raises:
            ConfigError: There is none, the first is blind although the victim is queried, or a name is repeated.
        """
        columns = getattr(cls, "columns", ())
        if not columns or (columns[0].blind and cls.queries_victim):
            raise ConfigError(f"{cls.__name__} declares no column for its score: set columns = (Column(...),)")
        names = [column.name for column in columns]
        names += [column.name for column in (L_REC, L_DIFF) if column.name not in names]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"{cls.__name__} declares the column {repeated[0]} twice; give each a unique name")
