"""The base class of all choices of configuration groups: dataclasses whose fields are their settings.

A component is one Python file, which holds its settings, their defaults and meaning, and its behaviour. One YAML
file in `conf/GROUP/` names it with `_target_` and sets what differs from the defaults.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

_GROUP = "configuration group"


@dataclass
class Component:
    """A choice of a configuration group.

    Attributes:
        title: What a person calls it, in a report.
        choice: What it is called on the command line: the name of its YAML file, and by default that of its Python
            file.
        version: Raised when its result changes for the same settings; a part of every key that it enters.
    """

    title: ClassVar[str] = ""
    choice: ClassVar[str]
    version: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "choice" not in vars(cls):
            cls.choice = cls.__module__.rpartition(".")[2]

    @classmethod
    def check_declaration(cls) -> None:
        """Checks that the class declares what its group requires.

        Raises:
            ConfigError: It does not.
        """


def target_of(cls: type) -> str:
    """The path of a class as `_target_` names it."""
    return f"{cls.__module__}.{cls.__qualname__}"


def choice_of(group: str) -> Any:
    """A dataclass field that holds a component of a group, or None: a group inside another group's settings.

    OmegaConf has no type for it, so it is annotated as `Any`.
    """
    return dataclasses.field(default=None, metadata={_GROUP: group})


def groups_inside(cls: type) -> dict[str, str]:
    """The fields of a dataclass that `choice_of` made, each with its group."""
    return {field.name: field.metadata[_GROUP] for field in dataclasses.fields(cls) if _GROUP in field.metadata}
