"""Weights & Biases."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mia_exp.core.keys import harmless
from mia_exp.tracking.run_logger import MIRROR, RunLogger
from mia_exp.tracking.tracker import Tracker, results

if TYPE_CHECKING:
    from pytorch_lightning.loggers import WandbLogger


@dataclass
class WeightsAndBiases(RunLogger):
    """Weights & Biases; each job of a sweep is a separate run.

    Attributes:
        project: wandb's project.
        offline: Keep wandb's records on this machine only.
    """

    choice: ClassVar[str] = "wandb"

    project: str = harmless("mia_exp", because=MIRROR)
    offline: bool = harmless(True, because=MIRROR)

    @contextmanager
    def open(self, name: str, settings: Mapping[str, Any], folder: Path) -> Iterator[Tracker]:
        """Opens a wandb run; see `RunLogger.open`."""
        import wandb
        from pytorch_lightning.loggers import WandbLogger

        logger = WandbLogger(
            project=self.project, name=name, save_dir=folder, offline=self.offline, config=dict(settings)
        )
        exit_code = 1
        try:
            yield WandbTracker(logger)
            exit_code = 0
        finally:
            wandb.finish(exit_code=exit_code)


class WandbTracker(Tracker):
    """Logs to a run of wandb; see `Tracker`.

    Args:
        lightning: Lightning's logger of that run.
    """

    shows_images: ClassVar[bool] = True

    def __init__(self, lightning: "WandbLogger") -> None:
        self._lightning = lightning

    @property
    def lightning(self) -> "WandbLogger":
        """Lightning's own logger."""
        return self._lightning

    def replay_losses(self, losses: Sequence[Mapping[str, float]]) -> None:
        """Logs them as a training does: Lightning counts epochs from 0."""
        for row in losses:
            epoch = int(row["epoch"]) - 1
            self.lightning.log_metrics({**row, "epoch": epoch}, step=epoch)

    def log_results(self, metrics: Mapping[str, Any]) -> None:
        """Logs each number by its name."""
        self.lightning.log_metrics(results(metrics))

    def log_figures(self, folder: Path) -> None:
        """Logs each figure by its name."""
        for path in sorted(folder.glob("*.png")):
            self.lightning.log_image(key=path.stem, images=[str(path)])
