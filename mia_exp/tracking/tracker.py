"""Mirrors a run's results to CSV files or to Weights & Biases; the artifacts stay the source."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


class Tracker:
    """Mirrors losses and results to a Lightning logger.

    Attributes:
        lightning: The logger, to which a Lightning trainer also writes losses during training.
    """

    def __init__(self, lightning: "Logger") -> None:
        self.lightning = lightning

    def replay_losses(self, losses: Path) -> None:
        """Logs the recorded losses of a victim that was trained before this run."""
        with losses.open(newline="") as file:
            for row in csv.DictReader(file):
                # Lightning counts epochs from 0, the record from 1.
                epoch = int(row.pop("epoch")) - 1
                numbers = {name: float(value) for name, value in row.items()}
                self.lightning.log_metrics({"epoch": epoch, **numbers}, step=epoch)
        self.lightning.save()

    def log_results(self, metrics: Mapping[str, Any]) -> None:
        """Logs every number under `attacks`, `blind` and `deltas`, named by its path."""
        numbers = {}
        for group in ("attacks", "blind", "deltas"):
            numbers.update(_numbers(metrics[group], group))
        self.lightning.log_metrics(numbers)
        self.lightning.save()

    def log_figures(self, folder: Path) -> None:
        """Logs the PNG files of a folder, if the logger supports images."""
        if hasattr(self.lightning, "log_image"):
            for path in sorted(folder.glob("*.png")):
                self.lightning.log_image(key=path.stem, images=[str(path)])


def _numbers(node: Mapping[str, Any], prefix: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in node.items():
        name = f"{prefix}/{key}"
        if isinstance(value, Mapping):
            found.update(_numbers(value, name))
        elif isinstance(value, list):
            found.update({f"{name}/{end}": bound for end, bound in zip(("low", "high"), value, strict=True)})
        elif isinstance(value, int | float):
            found[name] = float(value)
    return found
