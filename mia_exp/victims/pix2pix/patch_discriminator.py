"""pix2pix's 70 x 70 PatchGAN discriminator (Isola et al., 2017, Sec. 6.1.2)."""

import torch
from torch import Tensor, nn

from mia_exp.victims.initialise import initialise, zero_biases


class PatchDiscriminator(nn.Module):
    """Classifies each 70 x 70 patch of a pair as real or generated; 2.77 million parameters at ndf 64.

    Args:
        ndf: Channels of the first level.
    """

    def __init__(self, ndf: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(6, ndf, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inputs, outputs, stride in ((ndf, 2 * ndf, 2), (2 * ndf, 4 * ndf, 2), (4 * ndf, 8 * ndf, 1)):
            layers += [
                nn.Conv2d(inputs, outputs, 4, stride, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.LeakyReLU(0.2),
            ]
        layers.append(nn.Conv2d(8 * ndf, 1, 4, 1, 1))
        self.layers = nn.Sequential(*layers)
        initialise(self)
        zero_biases(self)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns one logit per patch, (N, 1, H / 8 - 2, W / 8 - 2), for pairs (N, 3, H, W) in [0, 1]."""
        logits: Tensor = self.layers(2 * torch.cat([x, y], 1) - 1)
        return logits
