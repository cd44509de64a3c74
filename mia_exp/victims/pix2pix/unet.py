"""pix2pix's U-Net generator (Isola et al., 2017, Sec. 6.1.1)."""

import torch
from torch import Tensor, nn

from mia_exp.victims.final_image import final_image
from mia_exp.victims.initialise import initialise, zero_biases


class UNetGenerator(nn.Module):
    """An encoder that halves the image down to one pixel, and a decoder with skip connections from each level.

    For 256 pixels and ngf 64 these are the layers of pix2pix's `unet_256`, 54.41 million parameters.

    Args:
        image_size: Side of the images, a power of two, at least 64; the network has log2(image_size) levels.
        ngf: Channels of the first level; they double up to 8 * ngf.
        dropout: Whether full-width decoder levels, except the deepest, have dropout of 0.5.
    """

    def __init__(self, image_size: int, ngf: int, dropout: bool) -> None:
        super().__init__()
        levels = image_size.bit_length() - 1
        widths = [ngf * min(2**level, 8) for level in range(levels)]
        self.architecture = {"image_size": image_size, "ngf": ngf, "dropout": dropout}
        self.encoder = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for level, width in enumerate(widths):
            self.encoder.append(_down(3 if level == 0 else widths[level - 1], width, level, levels))
        for level in reversed(range(levels)):
            inputs = widths[level] if level == levels - 1 else 2 * widths[level]
            dropped = dropout and 3 < level < levels - 1
            self.decoder.append(_up(inputs, widths[level - 1] if level else 3, level, dropped))
        initialise(self)
        zero_biases(self)

    def forward(self, x: Tensor) -> Tensor:
        """Generates images.

        Args:
            x: (N, 3, image_size, image_size), float32 in [0, 1].

        Returns:
            V(x), of the same shape and range.
        """
        skips: list[Tensor] = []
        hidden: Tensor = 2 * x - 1
        for block in self.encoder:
            hidden = block(hidden)
            skips.append(hidden)
        hidden = self.decoder[0](skips.pop())
        *blocks, last = list(self.decoder)[1:]
        for block in blocks:
            hidden = block(torch.cat([skips.pop(), hidden], 1))
        return final_image(last, torch.cat([skips.pop(), hidden], 1))


def _down(inputs: int, outputs: int, level: int, levels: int) -> nn.Sequential:
    layers: list[nn.Module] = [] if level == 0 else [nn.LeakyReLU(0.2)]
    layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
    # The outermost level is not normalised, nor is the innermost, whose single pixel batch norm would erase.
    if 0 < level < levels - 1:
        layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers)


def _up(inputs: int, outputs: int, level: int, dropped: bool) -> nn.Sequential:
    if level == 0:
        return nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.Tanh())
    layers: list[nn.Module] = [nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)]
    layers.append(nn.BatchNorm2d(outputs))
    if dropped:
        layers.append(nn.Dropout(0.5))
    return nn.Sequential(*layers)
