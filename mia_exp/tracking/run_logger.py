"""The base class of loggers."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia_exp.core.component import Component

if TYPE_CHECKING:
    from mia_exp.tracking.tracker import Tracker

MIRROR = "only mirrors results"


@dataclass
class RunLogger(Component):
    """A logger to which the results of a run are mirrored; the artifacts stay the source."""

    def open(self, name: str, settings: Mapping[str, Any], folder: Path) -> "AbstractContextManager[Tracker]":
        """Opens the tracker of one run and closes it, also when the run fails.

        Args:
            name: The run's name.
            settings: The run's configuration, logged beside the numbers.
            folder: The run's folder.
        """
        raise NotImplementedError
