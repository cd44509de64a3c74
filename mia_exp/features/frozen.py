"""A backbone as a frozen network."""

import torch
from torch import Tensor, nn

from mia_exp.features.backbone import Backbone
from mia_exp.features.weights import StateDict


class FrozenBackbone(nn.Module):
    """A frozen network that returns the activations of its stages.

    Axes: N images, C channels, h x w cells of a stage, H x W pixels of the image.

    Args:
        backbone: The backbone.
        state: Its weights.
        depth: Number of stages to build.

    Attributes:
        stages: All stages of the backbone; `forward` returns the first `depth` of them.
        depth: Number of stages that were built; later stages are not run.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, state: StateDict, depth: int) -> None:
        super().__init__()
        self.stages = backbone.stages
        self.depth = depth
        self.network = backbone.build(state, depth)
        self.register_buffer("mean", torch.tensor(backbone.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(backbone.std).view(3, 1, 1))
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
