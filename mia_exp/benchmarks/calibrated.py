"""A network with random weights whose activations have the scale of a trained one's."""

import torch
from torch import Tensor, nn


def calibrated_wide_resnet(images: Tensor, seed: int = 0) -> dict[str, Tensor]:
    """Wide-ResNet50-2 with random weights and batch norm fitted to images.

    Where the ImageNet weights cannot be had, its layers still have their true sizes and well-scaled activations,
    which is what speed and numerical accuracy depend on. Its scores mean nothing.

    Args:
        images: (N, 3, H, W) in [0, 1], that the running statistics are taken of.
        seed: Draws the weights.

    Returns:
        A state dict for torchvision's `wide_resnet50_2`.
    """
    from torchvision.models import wide_resnet50_2

    from mia_exp.attacks.difficulty import resize
    from mia_exp.config import ResizeMethod
    from mia_exp.features import BACKBONES

    layout = BACKBONES["wide_resnet50_2"]
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (layout.mean, layout.std))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        network = wide_resnet50_2(weights=None).train()
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None  # a plain average over what it sees
        network((resize(images, 224, ResizeMethod.bilinear) - mean) / std)
        state: dict[str, Tensor] = network.state_dict()
    return state
