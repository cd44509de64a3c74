"""CSV files in the run's folder."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mia_exp.tracking.run_logger import RunLogger
from mia_exp.tracking.tracker import Tracker, results

if TYPE_CHECKING:
    from pytorch_lightning.loggers import CSVLogger

FOLDER = "csv"


@dataclass
class CsvFiles(RunLogger):
    """Losses and results as CSV files in the run's folder: `csv/metrics.csv` and `csv/results.csv`."""

    choice: ClassVar[str] = "csv"

    @contextmanager
    def open(self, name: str, settings: Mapping[str, Any], folder: Path) -> Iterator[Tracker]:
        """Opens the files; see `RunLogger.open`."""
        yield CsvTracker(folder)


class CsvTracker(Tracker):
    """Writes the files; see `Tracker`.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def lightning(self) -> "CSVLogger":
        """Lightning's own CSV logger."""
        # Imported here: it takes seconds to load, and only a run that trains needs it.
        from pytorch_lightning.loggers import CSVLogger

        return CSVLogger(self._folder, name=FOLDER, version="")

    def replay_losses(self, losses: Sequence[Mapping[str, float]]) -> None:
        """Writes them as Lightning's logger would: it counts epochs from 0."""
        rows = [{**row, "epoch": int(row["epoch"]) - 1} for row in losses]
        self._write("metrics.csv", list(losses[0]), rows)

    def log_results(self, metrics: Mapping[str, Any]) -> None:
        """Writes a row for each number: its name and its value."""
        rows = [{"name": name, "value": value} for name, value in results(metrics).items()]
        self._write("results.csv", ["name", "value"], rows)

    def log_figures(self, folder: Path) -> None:
        """A CSV file shows none."""

    def _write(self, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        (self._folder / FOLDER).mkdir(exist_ok=True)
        with (self._folder / FOLDER / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
