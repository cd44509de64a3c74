"""pix2pixHD: its networks against the published ones, its losses against hand-computed values.

Axes: N images, C channels, H x W pixels, h x w cells of a feature map.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mia_exp.data import InputLayout
from mia_exp.data.readers.cityscapes import PALETTE
from mia_exp.data.tensors import to_tensor
from mia_exp.training.fitting import make_trainer, quiet_lightning
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.adversarial import Batch
from mia_exp.victims.generator_file import load_generator, save_generator
from mia_exp.victims.pix2pixhd.multiscale_discriminator import MultiscaleDiscriminator
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD
from mia_exp.victims.pix2pixhd.pix2pixhd_module import Pix2PixHDModule
from mia_exp.victims.pix2pixhd.residual_generator import ResidualGenerator
from tests.conftest import draw_pair

Convolutions = Iterator[tuple[Tensor, Tensor]]

CONFIG = Pix2PixHD(image_size=64, ngf=4, ndf=4, blocks=1, downsamplings=2, perceptual="none", batch_size=2)
TRAINER = TrainerSettings(accelerator="cpu")
# 35 labels and the boundaries of instances, as on Cityscapes.
CITYSCAPES = InputLayout(PALETTE, instances=True)
TWO_CLASSES = InputLayout(((0, 0, 0), (255, 0, 0)), instances=True)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def convolutions(*layers: tuple[int, int, int]) -> int:
    """Weights and biases of convolutions (channels in, channels out, kernel)."""
    return sum(inputs * outputs * kernel**2 + outputs for inputs, outputs, kernel in layers)


def test_global_generator_has_the_published_layers_and_parameters() -> None:
    # Wang et al. (2018), supplement: c7s1-64,d128,d256,d512,d1024,R1024 x 9,u512,u256,u128,u64,c7s1-3. The layers
    # that their code prints (NVIDIA/pix2pixHD, issue 167) begin with 36 channels, 35 labels and an edge map, and
    # their instance norms learn nothing. At four bytes each these are 696 MiB: a user of the defaults reports a
    # file of 700 (junyanz/pytorch-CycleGAN-and-pix2pix, issue 1007).
    expected = convolutions(
        (36, 64, 7),
        *((64 * 2**level, 128 * 2**level, 3) for level in range(4)),
        *[(1024, 1024, 3)] * 18,
        *((1024 // 2**level, 512 // 2**level, 3) for level in range(4)),
        (64, 3, 7),
    )
    assert expected == 182_546_755
    # Built without its memory: the meta device holds shapes alone.
    with torch.device("meta"):
        generator = ResidualGenerator(PALETTE, True, 64, 4, 9, local_enhancer=False)
    assert parameters(generator) == expected
    kinds = [type(layer) for layer in generator.modules()]
    assert kinds.count(nn.Conv2d) == 1 + 4 + 18 + 1 and kinds.count(nn.ConvTranspose2d) == 4


def test_local_enhancer_has_the_published_layers_and_parameters() -> None:
    # c7s1-32,d64,R64 x 3,u32,c7s1-3 around the global generator, whose last layer it replaces.
    enhancer = convolutions((36, 32, 7), (32, 64, 3), *[(64, 64, 3)] * 6, (64, 32, 3), (32, 3, 7))
    expected = 182_546_755 - convolutions((64, 3, 7)) + enhancer
    with torch.device("meta"):
        generator = ResidualGenerator(PALETTE, True, 64, 4, 9, local_enhancer=True)
    assert parameters(generator) == expected


@pytest.mark.parametrize("scales", [2, 3])
def test_discriminators_have_the_published_layers_and_parameters(scales: int) -> None:
    # C64-C128-C256-C512 and a score, each of 4 x 4; labels, edges and the image are its input.
    one = convolutions((39, 64, 4), (64, 128, 4), (128, 256, 4), (256, 512, 4), (512, 1, 4))
    with torch.device("meta"):
        discriminator = MultiscaleDiscriminator(CITYSCAPES, 64, scales)
    assert parameters(discriminator) == scales * one


def of_network(network: nn.Module) -> Convolutions:
    """Weight and bias of each convolution, in the order in which they were built."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert layer.bias is not None
            yield layer.weight, layer.bias


def normalised(hidden: Tensor) -> Tensor:
    """Instance norm: each channel of each image to mean 0 and variance 1."""
    mean = hidden.mean((2, 3), keepdim=True)
    variance = ((hidden - mean) ** 2).mean((2, 3), keepdim=True)
    return (hidden - mean) / (variance + 1e-5).sqrt()


def mirrored(hidden: Tensor, width: int) -> Tensor:
    return F.pad(hidden, (width,) * 4, mode="reflect")


def halved(hidden: Tensor) -> Tensor:
    """Means over 3 x 3 pixels at every second one; at the border over those that there are."""
    pixels, ones = hidden.flatten(0, 1)[:, None], torch.ones(1, 1, 3, 3, dtype=hidden.dtype)
    sums = F.conv2d(pixels, ones, stride=2, padding=1)
    counts = F.conv2d(torch.ones_like(pixels), ones, stride=2, padding=1)
    return (sums / counts).view(*hidden.shape[:2], *sums.shape[-2:])


def entrance(hidden: Tensor, layers: Convolutions) -> Tensor:
    return normalised(F.conv2d(mirrored(hidden, 3), *next(layers))).clamp(min=0)


def down(hidden: Tensor, layers: Convolutions) -> Tensor:
    return normalised(F.conv2d(hidden, *next(layers), stride=2, padding=1)).clamp(min=0)


def residual(hidden: Tensor, layers: Convolutions) -> Tensor:
    change = normalised(F.conv2d(mirrored(hidden, 1), *next(layers))).clamp(min=0)
    return hidden + normalised(F.conv2d(mirrored(change, 1), *next(layers)))


def up(hidden: Tensor, layers: Convolutions) -> Tensor:
    grown = F.conv_transpose2d(hidden, *next(layers), stride=2, padding=1, output_padding=1)
    return normalised(grown).clamp(min=0)


def encoded_two_classes(x: Tensor) -> Tensor:
    red = x[:, :1]
    return torch.cat([1 - red, red, x[:, 3:]], 1)


def label_maps() -> Tensor:
    """Label maps of black and red, with boundaries: (2, 4, 64, 64)."""
    x = torch.zeros(2, 4, 64, 64, dtype=torch.float64)
    x[:, [0, 3]] = (torch.rand(2, 2, 64, 64) > 0.5).double()
    return x


def with_biases(network: nn.Module) -> nn.Module:
    """Biases start at zero; here they are not, or a lost one would go unnoticed."""
    for _, bias in of_network(network):
        nn.init.normal_(bias, std=0.1)
    return network.double()


@pytest.mark.parametrize("enhancer", [False, True])
@torch.no_grad()
def test_generator_is_the_published_one_written_out(enhancer: bool) -> None:
    torch.manual_seed(0)
    generator = with_biases(ResidualGenerator(TWO_CLASSES.palette, True, 4, 2, 3, enhancer))
    x = label_maps()
    layers, encoded = of_network(generator), encoded_two_classes(x)
    hidden = entrance(halved(encoded) if enhancer else encoded, layers)
    for step in (down, down, residual, residual, residual, up, up):
        hidden = step(hidden, layers)
    if enhancer:
        hidden = hidden + down(entrance(encoded, layers), layers)
        for step in (residual, residual, residual, up):
            hidden = step(hidden, layers)
    expected = (F.conv2d(mirrored(hidden, 3), *next(layers)).tanh() + 1) / 2
    assert not list(layers)
    assert torch.allclose(generator(x), expected, atol=1e-10)


@torch.no_grad()
def test_discriminators_are_the_published_ones_written_out() -> None:
    torch.manual_seed(0)
    discriminator = with_biases(MultiscaleDiscriminator(TWO_CLASSES, 4, 2))
    x, y = label_maps(), torch.rand(2, 3, 64, 64, dtype=torch.float64)
    layers, pair = of_network(discriminator), torch.cat([encoded_two_classes(x), 2 * y - 1], 1)
    for scale in discriminator(x, y):
        hidden = pair
        for number, (stride, norm) in enumerate([(2, False), (2, True), (2, True), (1, True), (1, False)]):
            hidden = F.conv2d(hidden, *next(layers), stride=stride, padding=2)
            hidden = normalised(hidden) if norm else hidden
            hidden = hidden if number == 4 else torch.maximum(hidden, 0.2 * hidden)
            assert torch.allclose(scale[number], hidden, atol=1e-10)
        pair = halved(pair)
    assert not list(layers)


# Four halvings, and the enhancer's, leave the least image two pixels.
@pytest.mark.parametrize("enhancer", [False, True])
def test_outputs_are_images_and_a_file_reproduces_them(enhancer: bool, tmp_path: Path) -> None:
    generator = ResidualGenerator([[0, 0, 0], [255, 0, 0]], True, 4, 4, 1, enhancer).eval()
    x = label_maps().float()
    outputs = generator(x)
    assert outputs.shape == (2, 3, 64, 64) and outputs.min() >= 0 and outputs.max() <= 1
    save_generator(generator, tmp_path / "g.safetensors", "pairs")
    again, training_set = load_generator(
        tmp_path / "g.safetensors", lambda: ResidualGenerator([[0, 0, 0], [255, 0, 0]], True, 4, 4, 1, enhancer)
    )
    assert training_set == "pairs"
    assert torch.equal(again.eval()(x), outputs)


def test_each_scale_sees_half_of_the_one_before() -> None:
    judged = MultiscaleDiscriminator(InputLayout(), 2, 3)(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64))
    # By hand: 64 -> 33 -> 17 -> 9 -> 10 -> 11 with padding 2, and so on from 32 and 16.
    assert [scale[-1].shape[-1] for scale in judged] == [11, 7, 5]
    assert [len(scale) for scale in judged] == [5, 5, 5]


class Stub(nn.Module):
    """A discriminator whose features and scores are constants."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> list[list[torch.Tensor]]:
        level = y.mean((1, 2, 3)).view(-1, 1, 1, 1)
        features = [torch.ones(len(y), 2, 3, 3) * level for _ in range(4)]
        return [[*features, level.expand(len(y), 1, 2, 2)] for _ in range(2)]


def test_losses_by_hand() -> None:
    module = CONFIG.build_module(InputLayout(), 1)
    module.discriminator = Stub()
    x = torch.zeros(2, 3, 64, 64)
    y, fake = torch.full((2, 3, 64, 64), 0.8), torch.full((2, 3, 64, 64), 0.6)
    loss, parts = module.discriminator_losses(x, y, fake)
    # Scores 0.8 of real and 0.6 of generated pairs, at two scales.
    assert float(parts["d_real"]) == pytest.approx(2 * 0.2**2, rel=1e-5)
    assert float(parts["d_fake"]) == pytest.approx(2 * 0.6**2, rel=1e-5)
    assert float(loss) == pytest.approx(0.04 + 0.36, rel=1e-5)
    loss, parts = module.generator_losses(x, y, fake, torch.ones(2))
    assert float(parts["g_gan"]) == pytest.approx(2 * 0.4**2, rel=1e-5)
    # Four blocks, each 0.2 apart, averaged over the scales.
    assert float(parts["g_feat"]) == pytest.approx(4 * 0.2, rel=1e-5)
    assert float(loss) == pytest.approx(0.32 + 10 * 0.8, rel=1e-5)
    assert "g_perceptual" not in parts


def images() -> tuple[Tensor, Tensor]:
    return torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)


def test_losses_are_those_of_the_original_written_out() -> None:
    torch.manual_seed(0)
    config = replace(CONFIG, perceptual="efficientnet_lite0", discriminator_scales=3)
    module = config.build_module(InputLayout(), 1)
    x, y = images()
    fake = module.generator(x).detach()
    of_fake, of_real = module.discriminator(x, fake), module.discriminator(x, y)
    gan = feat = perceptual = torch.zeros(())
    for scale in range(3):
        gan = gan + F.mse_loss(of_fake[scale][-1], torch.ones_like(of_fake[scale][-1]))
        for block in range(4):
            feat = feat + F.l1_loss(of_fake[scale][block], of_real[scale][block]) * (4 / (3 + 1)) / 3
    assert module.perceptual is not None
    maps = zip(module.perceptual(fake), module.perceptual(y), (0.03125, 0.0625, 0.125, 0.25, 1), strict=True)
    for a, b, weight in maps:
        perceptual = perceptual + weight * F.l1_loss(a, b)
    loss, parts = module.generator_losses(x, y, fake, torch.ones(2))
    assert parts["g_gan"].item() == pytest.approx(gan.item(), rel=1e-5)
    assert parts["g_feat"].item() == pytest.approx(feat.item(), rel=1e-5)
    assert parts["g_perceptual"].item() == pytest.approx(perceptual.item(), rel=1e-5)
    assert loss.item() == pytest.approx((gan + 10 * feat + 10 * perceptual).item(), rel=1e-5)


def test_a_weight_scales_its_own_images_loss() -> None:
    torch.manual_seed(0)
    module = CONFIG.build_module(InputLayout(), 1)
    x, y = images()
    fake = module.generator(x).detach()

    def loss(rows: slice, weights: list[float]) -> float:
        return module.generator_losses(x[rows], y[rows], fake[rows], torch.tensor(weights))[0].item()

    first, second = loss(slice(0, 1), [1]), loss(slice(1, 2), [1])
    assert loss(slice(2), [1, 1]) == pytest.approx((first + second) / 2, rel=1e-5)
    assert loss(slice(2), [2, 1]) == pytest.approx((2 * first + second) / 2, rel=1e-5)


def test_perceptual_loss_reaches_the_generator_and_leaves_its_network_alone() -> None:
    config = replace(CONFIG, perceptual="efficientnet_lite0", local_enhancer=True)
    module = config.build_module(InputLayout(), 1)
    x, y = images()
    assert module.perceptual is not None
    module.train()
    assert not module.perceptual.training
    loss, parts = module.generator_losses(x, y, module.generator(x), torch.ones(2))
    torch.autograd.backward(loss)
    assert parts["g_perceptual"].item() > 0
    assert all(parameter.grad is not None for parameter in module.generator.parameters())
    # Not the biases: but for the last layer's, the norm behind them takes them off again.
    assert all(weight.grad.abs().sum() > 0 for weight, _ in of_network(module.generator) if weight.grad is not None)
    assert all(parameter.grad is None for parameter in module.perceptual.parameters())
    # The distance of an image from itself.
    _, parts = module.generator_losses(x, y, y, torch.ones(2))
    assert parts["g_perceptual"].item() == 0


def test_learning_rate_falls_as_in_the_original() -> None:
    config = replace(CONFIG, epochs=200, decay_epochs=100)
    # The original takes lr / 100 off at the end of each epoch behind the hundredth, epochs from 1.
    rate, expected = 1.0, {}
    for epoch in range(1, 201):
        expected[epoch - 1] = rate
        if epoch > 100:
            rate -= 1 / 100
    module = config.build_module(InputLayout(), 1)
    assert {epoch: module.learning_rate_factor(epoch) for epoch in expected} == pytest.approx(expected)


def fit(module: Pix2PixHDModule, batch: Batch, epochs: int, folder: Path) -> dict[str, Tensor]:
    """Trains on one batch an epoch; returns the losses of the last."""
    trainer = make_trainer(TRAINER, epochs, [], folder, module)
    with quiet_lightning():
        trainer.fit(module, DataLoader(TensorDataset(*batch), batch_size=len(batch[0])))
    return trainer.callback_metrics


def test_each_network_uses_the_other_as_it_was_before_the_step(tmp_path: Path) -> None:
    torch.manual_seed(0)
    # A step so large that using the other network's next state would show.
    module = replace(CONFIG, learning_rate=0.05).build_module(InputLayout(), 1)
    before = deepcopy(module)
    x, y = images()
    losses = fit(module, (x, y, torch.ones(2)), 1, tmp_path)
    with torch.no_grad():
        fake = before.generator(x)
        _, of_generator = before.generator_losses(x, y, fake, torch.ones(2))
        _, of_discriminator = before.discriminator_losses(x, y, fake)
        moved = module.discriminator_losses(x, y, fake)[1]["d_fake"]
    expected = {**of_generator, **of_discriminator, "l1": (fake - y).abs().mean()}
    assert {name: value.item() for name, value in losses.items()} == pytest.approx(
        {name: value.item() for name, value in expected.items()}, rel=1e-4
    )
    assert moved.item() != pytest.approx(of_discriminator["d_fake"].item(), rel=0.1)


def test_a_few_steps_reduce_the_error(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = replace(CONFIG, learning_rate=2e-3).build_module(InputLayout(), 1)
    x, y = (to_tensor(np.asarray(image)[None]) for image in draw_pair(0))
    before = (module.generator(x) - y).abs().mean().item()
    losses = fit(module, (x, y, torch.ones(1)), 20, tmp_path)
    assert losses["l1"].item() < 0.7 * before
