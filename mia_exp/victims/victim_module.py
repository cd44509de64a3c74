"""The base class of the modules that train victims."""

from pytorch_lightning import LightningModule
from torch import Tensor, nn

# x (N, C, H, W) and y (N, 3, H, W) in [0, 1], and the loss weight of each image (N,).
Batch = tuple[Tensor, Tensor, Tensor]


class VictimModule(LightningModule):
    """A LightningModule that trains a generator.

    Attributes:
        generator: x (N, C, H, W) -> V(x) (N, 3, H, W), both in [0, 1]; the network that is saved.
    """

    generator: nn.Module

    def epoch_losses(self) -> dict[str, float]:
        """The mean of each loss over the images of the epoch so far; `g_l1`, the L1 error in [0, 1], among them."""
        raise NotImplementedError
