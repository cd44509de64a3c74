"""A perceptual distance like LPIPS (Zhang et al., 2018), on the run's own backbone."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mia_exp.features import Backbone


class PerceptualDistance:
    """The distance of two images in a network's feature space: 0 for equal images.

    It is LPIPS without the learned weights and with another network: its values are not those of LPIPS, and are
    comparable only within a run.

    Args:
        features: The network.
        device: Where it runs.

    Raises:
        WeightsError: The weights are missing or do not fit.
    """

    def __init__(self, features: Backbone, device: torch.device) -> None:
        self._backbone = features.load().to(device)

    @torch.inference_mode()
    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Compares images (N, 3, H, W) in [0, 1] pair by pair; returns (N,), float32."""
        return feature_distance(*map(self._backbone.at_imagenet_size, (a, b))).cpu()


def feature_distance(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """The distance between two images' feature maps.

    Args:
        a: Maps (N, C, h, w), one per stage.
        b: The same for the other images.

    Returns:
        (N,): the squared distance of each cell's features, normalised to unit length, averaged over cells and
        stages.
    """
    stages = [
        (F.normalize(first) - F.normalize(second)).square().sum(1).mean((1, 2))
        for first, second in zip(a, b, strict=True)
    ]
    return torch.stack(stages).mean(0)
