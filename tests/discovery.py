"""What there is to choose from, found in `conf/` and in the classes that it names."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from mia_exp.attacks.attack import OwnPairs
from mia_exp.config.components import find_class, groups
from mia_exp.core.component import Component
from mia_exp.core.conf_folder import CONF


@dataclass(frozen=True)
class Choice:
    """A choice of a group.

    Attributes:
        group: The group.
        name: What it is called on the command line.
        cls: The class behind it.
    """

    group: str
    name: str
    cls: type[Component]

    @property
    def words(self) -> list[str]:
        """What a command line says to choose it, with what it needs."""
        words = [f"{self.group}={self.name}"]
        if getattr(self.cls, "own_pairs", OwnPairs.none) is not OwnPairs.none:
            words.append("split.n_shadow=100")
        if not getattr(self.cls, "has_inputs", True):
            words += ["victim=none", "attack=difficulty"]
        if not getattr(self.cls, "queryable", True):
            words.append("attack=difficulty")
        return words


def choices(group: str) -> list[Choice]:
    """All choices of a group, by name."""
    found = []
    for path in sorted((CONF / group).glob("*.yaml")):
        target = yaml.safe_load(path.read_text())["_target_"]
        found.append(Choice(group, path.stem, find_class(group, group, target)))
    return found


def every_class() -> Iterator[Choice]:
    """One choice for each class of each group."""
    for group in groups():
        seen = set()
        for choice in choices(group):
            if choice.cls not in seen:
                seen.add(choice.cls)
                yield choice
