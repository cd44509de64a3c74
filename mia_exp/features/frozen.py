"""A backbone as a frozen network."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mia_exp.features.feature_stage import FeatureStage

# Input size of ImageNet networks, in pixels.
SIDE = 224


class FrozenBackbone(nn.Module):
    """A frozen network that returns the activations of its stages.

    Axes: N images, C channels, h x w cells of a stage, H x W pixels of the image.

    Args:
        network: Returns the maps of its first `depth` stages as a list or a dict.
        stages: All stages of the backbone.
        depth: Number of stages that were built.
        mean: Subtracted from each channel of an image in [0, 1].
        std: Each channel is then divided by it.

    Attributes:
        stages: All stages of the backbone; `forward` returns the first `depth` of them.
        depth: Number of stages that were built; later stages are not run.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        stages: tuple[FeatureStage, ...],
        depth: int,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.stages = stages
        self.depth = depth
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Runs the network.

        Args:
            images: (N, 3, H, W), float32 in [0, 1].

        Returns:
            One (N, C, h, w) float32 tensor for each of the first `depth` stages.
        """
        normalised = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features = self.network(normalised)
        return list(features.values()) if isinstance(features, dict) else list(features)

    def at_imagenet_size(self, images: Tensor) -> list[Tensor]:
        """Runs the network on images (N, 3, H, W), float32 in [0, 1], resized to 224 x 224; see `forward`."""
        resized = F.interpolate(images.to(self.mean.device), (SIDE, SIDE), mode="bilinear", antialias=True)
        maps: list[Tensor] = self(resized)
        return maps
