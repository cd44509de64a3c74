"""Wide-ResNet50-2 with random weights: a control for what ImageNet adds, and a stand-in of the same sizes.

Its layers are as wide as the trained network's and its activations as well scaled, which is what speed, numerical
accuracy and the regression's rank depend on; its filters have learned nothing.
"""

import torch
from torch import Tensor, nn

SEED = 0
N_IMAGES = 8
SIDE = 224


def untrained_wide_resnet() -> dict[str, Tensor]:
    """Random weights, and the batch norm's running statistics of noise that is as smooth as photographs are.

    Returns:
        A state dict for torchvision's `wide_resnet50_2`; the same one at each call.
    """
    from torchvision.models import wide_resnet50_2

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(SEED)
        network = wide_resnet50_2(weights=None).train()
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None  # a plain average over what it sees
        network(_smooth_noise(N_IMAGES, SIDE))
        state: dict[str, Tensor] = network.state_dict()
    return state


def _smooth_noise(count: int, side: int) -> Tensor:
    """Noise whose amplitude falls with the frequency as in photographs (Field, 1987); mean 0, deviation 1."""
    frequency = torch.fft.fftfreq(side)
    radius = torch.hypot(frequency[:, None], frequency[None, : side // 2 + 1].abs())
    radius[0, 0] = torch.inf
    spectrum = torch.fft.rfft2(torch.randn(count, 3, side, side)) / radius
    noise: Tensor = torch.fft.irfft2(spectrum, s=(side, side))
    return noise / noise.std(dim=(2, 3), keepdim=True)
