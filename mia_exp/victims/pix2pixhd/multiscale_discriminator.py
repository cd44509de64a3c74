"""pix2pixHD's discriminators (Wang et al., 2018, Sec. 3.2): PatchGANs at several sizes."""

import torch
from torch import Tensor, nn

from mia_exp.data import InputLayout
from mia_exp.victims.initialise import initialise
from mia_exp.victims.pix2pixhd.label_encoding import LabelEncoder


class MultiscaleDiscriminator(nn.Module):
    """Equal discriminators; the input of each has half the size of the previous one's.

    Args:
        layout: What the channels of x mean.
        ndf: Channels of the first level.
        scales: Number of discriminators.
    """

    def __init__(self, layout: InputLayout, ndf: int, scales: int) -> None:
        super().__init__()
        self.encoder = LabelEncoder(layout)
        self.scales = nn.ModuleList(_patch_discriminator(self.encoder.channels + 3, ndf) for _ in range(scales))
        self.halve = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        initialise(self)

    def forward(self, x: Tensor, y: Tensor) -> list[list[Tensor]]:
        """Classifies pairs as real or generated.

        Args:
            x: (N, C, H, W) in [0, 1].
            y: (N, 3, H, W) in [0, 1].

        Returns:
            For each scale, the features after each block and, last, the score of each patch (N, 1, h, w).
        """
        pair = torch.cat([self.encoder(x), 2 * y - 1], 1)
        found = []
        for scale in self.scales:
            features = [pair]
            for block in scale:  # type: ignore[attr-defined]  # a Sequential
                features.append(block(features[-1]))
            found.append(features[1:])
            pair = self.halve(pair)
        return found


def _patch_discriminator(inputs: int, ndf: int) -> nn.Sequential:
    blocks = [nn.Sequential(nn.Conv2d(inputs, ndf, 4, 2, 2), nn.LeakyReLU(0.2))]
    for before, after, stride in ((ndf, 2 * ndf, 2), (2 * ndf, 4 * ndf, 2), (4 * ndf, 8 * ndf, 1)):
        convolution = nn.Conv2d(before, after, 4, stride, 2)
        blocks.append(nn.Sequential(convolution, nn.InstanceNorm2d(after), nn.LeakyReLU(0.2)))
    return nn.Sequential(*blocks, nn.Sequential(nn.Conv2d(8 * ndf, 1, 4, 1, 2)))
