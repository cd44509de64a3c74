"""Mirrors a run's results to CSV files or to Weights & Biases; the artifacts stay the source."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


class Tracker(ABC):
    """Where losses and results are mirrored to.

    Attributes:
        shows_images: Whether figures are logged.
    """

    shows_images: ClassVar[bool] = False

    @property
    @abstractmethod
    def lightning(self) -> "Logger":
        """The logger that a Lightning trainer writes losses to while it trains; made when it is first asked for."""

    @abstractmethod
    def replay_losses(self, losses: Sequence[Mapping[str, float]]) -> None:
        """Logs the recorded losses of a victim that was trained before this run; `epoch` is counted from 1."""

    @abstractmethod
    def log_results(self, metrics: Mapping[str, Any]) -> None:
        """Logs every number under `attacks`, `blind` and `deltas`, named by its path."""

    @abstractmethod
    def log_figures(self, folder: Path) -> None:
        """Logs the PNG files of a folder, where figures are logged."""


def results(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that `Tracker.log_results` logs, by their paths."""
    numbers = {}
    for group in ("attacks", "blind", "deltas"):
        numbers.update(_numbers(metrics[group], group))
    return numbers


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
