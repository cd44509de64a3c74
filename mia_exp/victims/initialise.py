"""Initial weights as in both original code bases."""

from torch import nn

STANDARD_DEVIATION = 0.02


def initialise(module: nn.Module) -> None:
    """Draws convolutions from N(0, 0.02^2) and batch-norm scales from N(1, 0.02^2); does not change biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, STANDARD_DEVIATION)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, STANDARD_DEVIATION)


def zero_biases(module: nn.Module) -> None:
    """Sets the biases of convolutions to zero, as in pix2pix; pix2pixHD keeps torch's initialisation."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
