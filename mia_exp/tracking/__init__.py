"""Loggers, to which a run's results are mirrored: one file each."""

from mia_exp.tracking.run_logger import RunLogger
from mia_exp.tracking.tracker import Tracker

__all__ = ["RunLogger", "Tracker"]
