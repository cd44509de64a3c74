"""A callback that keeps the weights of the best epoch."""

import math

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor


class KeepBest(Callback):
    """Keeps a copy of the weights of the first epoch in which a number that is logged was the lowest.

    It is kept in memory, unlike Lightning's own checkpoints: an interrupted training leaves no file.

    Args:
        monitor: The number's name.

    Attributes:
        weights: The module's state in that epoch, on the CPU; empty before the first.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.weights: dict[str, Tensor] = {}
        self._lowest = math.inf

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps the weights if the number is lower than before."""
        value = float(trainer.callback_metrics[self.monitor])
        if value < self._lowest:
            self._lowest = value
            self.weights = {name: tensor.cpu().clone() for name, tensor in pl_module.state_dict().items()}
