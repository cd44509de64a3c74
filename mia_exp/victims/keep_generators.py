"""A callback that keeps the generators of chosen epochs."""

from collections.abc import Collection
from pathlib import Path

from pytorch_lightning import Callback, LightningModule, Trainer

from mia_exp.core.storage import atomic_write
from mia_exp.victims.generator_file import save_generator
from mia_exp.victims.kept import generator_file
from mia_exp.victims.victim_module import VictimModule


class KeepGenerators(Callback):
    """Saves the generator of a `VictimModule` at the end of each of some epochs.

    Args:
        epochs: Which, counted from 1.
        folder: Gets `generator-NNNN.safetensors` for each.
        training_set: The hash of the ids that it is trained on, written into each file.
    """

    def __init__(self, epochs: Collection[int], folder: Path, training_set: str) -> None:
        self.epochs = epochs
        self.folder = folder
        self.training_set = training_set

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves it, if the epoch is one of them."""
        assert isinstance(pl_module, VictimModule)
        epoch = trainer.current_epoch + 1
        if epoch in self.epochs:
            with atomic_write(self.folder / generator_file(epoch)) as path:
                save_generator(pl_module.generator, path, self.training_set)
