"""A score that describes itself: what it is called, which way it points, what it is compared with."""

from dataclasses import dataclass

from mia_exp.core.errors import ConfigError


@dataclass(frozen=True)
class Column:
    """One column of a score table.

    Attributes:
        name: Its name in files, such as `l_mem`.
        title: What a person reads for it, such as `L_mem`; an underscore begins an index.
        meaning: A few words on what it measures.
        higher_is_member: Whether members tend to have higher values; false for errors, which members have less of.
            Of a blind column, which says nothing about members, the direction in which it is shown.
        blind: Whether it was made without querying the victim.
        compared_with: The column from whose AUC its own is subtracted, on the same images; None for none.
        subtracts: The blind column of which a multiple was subtracted to make it; None for none. Where that one
            alone tells the groups apart, so does this one, without any memory.
        threshold: The value from which on the column itself says "member"; None where it decides nothing.

    Raises:
        ConfigError: It has no name, or does not say which way it points.
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
                f"the column {self.name} does not say which way it points: give it higher_is_member=True, or False "
                "where members have less of it, as of an error"
            )
