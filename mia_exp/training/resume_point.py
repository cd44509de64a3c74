"""A checkpoint that an interrupted training goes on from, and the check of one that is found."""

import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint

from mia_exp.core.errors import WeightsError
from mia_exp.core.reading import reason, typed
from mia_exp.core.storage import atomic_write
from mia_exp.core.termination import Terminated
from mia_exp.training.record_losses import RecordLosses

START_OVER = "Move the file away, and training starts over."


class ResumePoint(Checkpoint):
    """Writes a checkpoint at the end of an epoch, where one is due; the last epoch needs none.

    It is one of Lightning's checkpoint callbacks, which are called when the epoch's other hooks have been: what it
    writes is the state that the next epoch starts from.

    Args:
        file: Where it is.
        seconds: It is written at most this often.
        stamp: What the training is of; a checkpoint of another is refused.
    """

    def __init__(self, file: Path, seconds: float, stamp: str) -> None:
        self.file = file
        self.seconds = seconds
        self.stamp = stamp
        self._written = time.monotonic()
        self._unsaved = False
        self._stopping = False
        self._optimizers = 0
        self.started = False

    def stop_after_epoch(self) -> bool:
        """Ends the training with the epoch, where epochs would be lost that no checkpoint has; says whether."""
        self._stopping = self._unsaved
        return self._stopping

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that what was loaded fits."""
        self.started = True
        self._optimizers = len(trainer.optimizers)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes it, where it is due."""
        self._unsaved = True
        if trainer.current_epoch + 1 == trainer.max_epochs:
            return
        if self._stopping or time.monotonic() - self._written >= self.seconds:
            with atomic_write(self.file) as path:
                trainer.save_checkpoint(path, weights_only=False)
            self._written = time.monotonic()
            self._unsaved = False
            if self._stopping:
                raise Terminated

    def state_dict(self) -> dict[str, Any]:
        """What tells it from that of another training."""
        return {"stamp": self.stamp, "optimizers": self._optimizers}

    def check(self) -> None:
        """Refuses a checkpoint that was damaged, or belongs to another training.

        Raises:
            WeightsError: It was, or does.
        """
        try:
            # A checksum a record: torch compares none, and would train on from weights that a disk had changed.
            with zipfile.ZipFile(self.file) as archive:
                damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"{damaged} in it is damaged")
            checkpoint = torch.load(self.file, map_location="cpu", weights_only=True)
            # Without its loop, Lightning would begin again at the first epoch, from these weights.
            if not (checkpoint["state_dict"] and checkpoint["loops"]["fit_loop"]):
                raise ValueError("a part of it is empty")
            states = checkpoint["callbacks"]
            own = _state(states, self)
            stamp = typed(own["stamp"], str, "stamp")
            if len(checkpoint["optimizer_states"]) != typed(own["optimizers"], int, "optimizers"):
                raise ValueError(f"states of {len(checkpoint['optimizer_states'])} optimizers")
            rows = _state(states, RecordLosses(self.file))["rows"]
            epochs = [typed(row["epoch"], int, "epoch") for row in rows]
            _ = [typed(value, float, name) for row in rows for name, value in row.items() if name != "epoch"]
            if epochs != list(range(1, checkpoint["epoch"] + 2)):
                raise ValueError(f"losses of {len(epochs)} epochs at the end of epoch {checkpoint['epoch'] + 1}")
        except Exception as error:
            raise WeightsError(
                f"{self.file}: not a checkpoint that this package wrote ({reason(error)}). {START_OVER}"
            ) from error
        if stamp != self.stamp:
            raise WeightsError(f"{self.file}: a checkpoint of a victim of other pairs. {START_OVER}")


def _state(states: Mapping[str, Any], callback: Any) -> dict[str, Any]:
    """What a callback left in a checkpoint, under the key that Lightning gave it."""
    state = states[callback.state_key]
    if not isinstance(state, dict):
        raise TypeError(f"a {type(state).__name__} where {callback.state_key} left its state")
    return state
