"""The networks against the published ones."""

import pytest
import torch
from torch import nn

from mia_exp.victims.pix2pix.patch_discriminator import PatchDiscriminator
from mia_exp.victims.pix2pix.unet import UNetGenerator


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts_are_the_published_ones() -> None:
    # pix2pix's training script prints, for unet_256 and the basic discriminator at their defaults:
    # "[Network G] Total number of parameters : 54.414 M", "[Network D] Total number of parameters : 2.769 M".
    assert round(parameters(UNetGenerator(256, 64, dropout=True)) / 1e6, 3) == 54.414
    assert round(parameters(PatchDiscriminator(64)) / 1e6, 3) == 2.769


@pytest.mark.parametrize(("size", "levels", "dropouts"), [(64, 6, 1), (128, 7, 2), (256, 8, 3), (512, 9, 4)])
def test_depth_follows_the_image_size(size: int, levels: int, dropouts: int) -> None:
    generator = UNetGenerator(size, 2, dropout=True)
    assert sum(isinstance(layer, nn.Conv2d) for layer in generator.modules()) == levels
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in generator.modules()) == levels
    # pix2pix drops in every full-width decoder block but the innermost: num_downs - 5 of them.
    assert sum(isinstance(layer, nn.Dropout) for layer in generator.modules()) == dropouts
    hidden = 2 * torch.rand(1, 3, size, size) - 1
    for block in generator.eval().encoder:
        hidden = block(hidden)
    assert hidden.shape[-2:] == (1, 1)


def test_outputs_are_images_in_the_unit_range() -> None:
    x = torch.rand(2, 3, 64, 64)
    outputs = UNetGenerator(64, 4, dropout=False)(x)
    assert outputs.shape == x.shape
    assert outputs.min() >= 0 and outputs.max() <= 1


def test_a_patch_is_seventy_pixels_wide() -> None:
    # The receptive field of one output, measured: which input pixels move it.
    discriminator = PatchDiscriminator(2).eval()
    x = torch.rand(1, 3, 256, 256, requires_grad=True)
    logits = discriminator(x, torch.rand(1, 3, 256, 256))
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    assert x.grad is not None
    rows = x.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == 70


def test_weights_start_as_the_original_draws_them() -> None:
    torch.manual_seed(0)
    weights = torch.cat(
        [m.weight.flatten() for m in UNetGenerator(64, 16, True).modules() if isinstance(m, nn.ConvTranspose2d)]
    )
    assert abs(weights.mean()) < 1e-3
    assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.01)
