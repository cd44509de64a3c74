"""Wide-ResNet50-2 with random weights: a control for the effect of ImageNet training, and for benchmarks.

Its layers have the trained network's sizes and its activations a similar scale, which determine speed, numerical
accuracy and the rank of the regression.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.keys import harmless
from mia_exp.features.backbones.wide_resnet50_2 import WideResNet50

if TYPE_CHECKING:
    from torch import Tensor

SEED = 0
N_IMAGES = 8
SIDE = 224


@dataclass
class UntrainedWideResNet50(WideResNet50):
    """Wide-ResNet50-2 with random weights, and batch statistics from noise with the spectrum of photographs."""

    title: ClassVar[str] = "untrained Wide-ResNet50-2"
    name: ClassVar[str] = "wide_resnet50_2_untrained"

    alpha: float = harmless(1.0, because="the default of attack.alpha, which no artifact depends on")

    def default_weights(self) -> "dict[str, Tensor]":
        """Draws the weights; the same at each call."""
        import torch
        from torch import nn
        from torchvision.models import wide_resnet50_2

        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(SEED)
            network = wide_resnet50_2(weights=None).train()
            for layer in network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.momentum = None  # cumulative average
            network(_smooth_noise(N_IMAGES, SIDE))
            state: dict[str, Tensor] = network.state_dict()
        return state

    def default_fingerprint(self) -> str:
        """The seed."""
        return f"random, seed {SEED}"

    def to_download(self) -> str | None:
        """Nothing: the weights are drawn."""
        return None


def _smooth_noise(count: int, side: int) -> "Tensor":
    """Noise with amplitude proportional to 1 / frequency, as in photographs (Field, 1987); mean 0, deviation 1."""
    import torch

    frequency = torch.fft.fftfreq(side)
    radius = torch.hypot(frequency[:, None], frequency[None, : side // 2 + 1].abs())
    radius[0, 0] = 1
    spectrum = torch.fft.rfft2(torch.randn(count, 3, side, side)) / radius
    spectrum[..., 0, 0] = 0
    noise: Tensor = torch.fft.irfft2(spectrum, s=(side, side))
    return noise / noise.std(dim=(2, 3), keepdim=True)
