"""Where a run's numbers are mirrored to: a file a logger."""

from mia_exp.tracking.base import RunLogger
from mia_exp.tracking.tracker import Tracker

__all__ = ["RunLogger", "Tracker"]
