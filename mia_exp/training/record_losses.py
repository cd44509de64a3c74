"""A callback that keeps the losses of each epoch."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from mia_exp.training.losses_file import write_losses


class RecordLosses(Callback):
    """Keeps all that a module logs, by epoch, and writes it when the training ends.

    Args:
        file: The CSV file: `epoch`, from 1, and a column for each name that was logged.

    Attributes:
        rows: What it has so far, a row for each epoch.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what was logged in the epoch."""
        logged = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
        self.rows.append({"epoch": trainer.current_epoch + 1, **logged})

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file."""
        write_losses(self.file, self.rows)

    def state_dict(self) -> dict[str, Any]:
        """What a resume point holds of it."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up what a resume point held."""
        self.rows = state_dict["rows"]
