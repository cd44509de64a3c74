"""The last layers of a generator, which make the image."""

import torch
from torch import Tensor, nn


def final_image(layers: nn.Module, hidden: Tensor) -> Tensor:
    """Applies the last layers and rescales their result, in their weights' float32 also under mixed precision.

    bfloat16 has 8 significant bits: fakes would lie on a coarse grid that no real image lies on, which a
    discriminator can tell apart whatever the generator learns.

    Args:
        layers: The last layers; their result (N, 3, H, W) lies in [-1, 1].
        hidden: Their input (N, C, h, w), of any precision.

    Returns:
        The image (N, 3, H, W) in [0, 1], of the weights' precision.
    """
    weights = next(layers.parameters())
    with torch.autocast(hidden.device.type, enabled=False):
        image: Tensor = (layers(hidden.to(weights.dtype)) + 1) / 2
    return image
