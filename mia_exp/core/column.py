"""The description of a score: its name and meaning, its direction, and the score that it is compared with."""

from dataclasses import dataclass

from mia_exp.core.errors import ConfigError


@dataclass(frozen=True)
class Column:
    """One column of a score table.

    Attributes:
        name: Its name in files, such as `l_mem`.
        title: Its name in reports, such as `L_mem`; text after the first underscore is set as a subscript.
        meaning: A few words on what it measures.
        higher_is_member: Whether members tend to have higher values; false for errors, which are lower for members.
            For a blind column, which carries no evidence of membership, the direction in which it is shown.
        blind: Whether it was computed without querying the victim.
        compared_with: The column whose AUC is subtracted from this one's, on the same images; None for none.
        subtracts: The blind column of which a multiple was subtracted to make it; None for none. If that column
            alone separates the groups, so does this one, without any memorisation.
        threshold: Values of at least this much are classified as members; None if the attack sets no threshold.

    Raises:
        ConfigError: Its name is not an identifier, or its direction is not declared.
    """

    name: str
    title: str
    meaning: str
    higher_is_member: bool | None = None
    blind: bool = False
    compared_with: str | None = None
    subtracts: str | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigError(f"a column is named {self.name!r}: expected letters, digits and underscores")
        if not isinstance(self.higher_is_member, bool):
            raise ConfigError(
                f"the column {self.name} does not declare its direction: give it higher_is_member=True, or False "
                "if it is lower for members, like an error"
            )
