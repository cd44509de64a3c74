"""What the training of every victim has in common."""

import csv
from pathlib import Path

import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor, nn

# x (N, C, H, W) and y (N, 3, H, W) in [0, 1], and how much each image counts (N,).
Batch = tuple[Tensor, Tensor, Tensor]

# The mean absolute error of V(x) on the [0, 1] scale: of an epoch's training batches as they were trained on, which
# a module logs by itself, and of the held-out pairs after that epoch.
TRAINING_L1 = "l1"
HELD_OUT_L1 = "held_out_l1"


def training_errors(losses: Path) -> dict[str, list[float]]:
    """The L1 errors of each epoch, from the file that a training left: of what is there, one list by name."""
    with losses.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in (TRAINING_L1, HELD_OUT_L1) if name in rows[0]}


class VictimModule(LightningModule):
    """A LightningModule that trains a generator.

    What it logs with `log_epoch` is recorded for each epoch, shown, and drawn in the report.

    Attributes:
        generator: x (N, C, H, W) -> V(x) (N, 3, H, W), both in [0, 1]; what is kept.
        accumulate_grad_batches: Batches in an optimiser's step, which a module has to heed that optimises manually.
    """

    generator: nn.Module
    accumulate_grad_batches: int = 1

    def log_epoch(self, values: dict[str, Tensor], n_images: int) -> None:
        """Logs the means of some values over the images of an epoch.

        Args:
            values: Each the mean over a batch.
            n_images: Images in the batch.
        """
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=n_images)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """The error on held-out pairs, which nothing is trained on; in evaluation mode, as Lightning has it."""
        x, y, _ = batch
        self.log_epoch({HELD_OUT_L1: F.l1_loss(self.generator(x).float(), y)}, len(x))
