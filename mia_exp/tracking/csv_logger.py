"""CSV files in the run's folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mia_exp.tracking.base import RunLogger
from mia_exp.tracking.tracker import Tracker


@dataclass
class CsvFiles(RunLogger):
    """Losses and results as CSV files in the run's folder."""

    choice: ClassVar[str] = "csv"

    @contextmanager
    def open(self, name: str, settings: Mapping[str, Any], folder: Path) -> Iterator[Tracker]:
        """Opens the files; see `RunLogger.open`."""
        from pytorch_lightning.loggers import CSVLogger

        yield Tracker(CSVLogger(folder, name="csv", version=""))
