"""The record that a training leaves: `epoch`, from 1, and a column for each number that was logged."""

import csv
from collections.abc import Sequence
from pathlib import Path

LOSSES_FILE = "losses.csv"


def write_losses(file: Path, rows: Sequence[dict[str, float]]) -> None:
    """Writes the record; a number that an epoch lacks is left empty."""
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


def read_losses(file: Path) -> list[dict[str, float]]:
    """Reads the record back."""
    with file.open(newline="") as stream:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(stream)]
