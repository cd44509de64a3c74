"""The base class of the modules that train victims."""

import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from mia_exp.victims.logged_errors import HELD_OUT_L1

# x (N, C, H, W) and y (N, 3, H, W) in [0, 1], and how much each image counts (N,).
Batch = tuple[Tensor, Tensor, Tensor]


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
