"""Weights & Biases."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia_exp.core.keys import harmless
from mia_exp.tracking.base import MIRROR, RunLogger
from mia_exp.tracking.tracker import Tracker


@dataclass
class WeightsAndBiases(RunLogger):
    """Weights & Biases; each job of a sweep is a separate run.

    Attributes:
        project: wandb's project.
        offline: Keep wandb's records on this machine only.
    """

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
            yield Tracker(logger)
            exit_code = 0
        finally:
            wandb.finish(exit_code=exit_code)
