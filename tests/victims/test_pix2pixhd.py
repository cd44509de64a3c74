"""pix2pixHD: its networks against the published ones, its losses against values worked out by hand."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from mia_exp.config import Pix2PixHDConfig, TrainerConfig
from mia_exp.data import InputLayout
from mia_exp.data.cityscapes import PALETTE
from mia_exp.victims.generator_file import load_generator, save_generator
from mia_exp.victims.multiscale import MultiscaleDiscriminator
from mia_exp.victims.pix2pixhd import Pix2PixHD
from mia_exp.victims.residual_generator import ResidualGenerator

CONFIG = Pix2PixHDConfig(image_size=64, ngf=4, ndf=4, blocks=1, downsamplings=2, perceptual="none", batch_size=2)
TRAINER = TrainerConfig(accelerator="cpu")
# 35 labels and the boundaries of instances, as on Cityscapes.
CITYSCAPES = InputLayout(PALETTE, instances=True)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def convolutions(*layers: tuple[int, int, int]) -> int:
    """Weights and biases of convolutions (channels in, channels out, kernel)."""
    return sum(inputs * outputs * kernel**2 + outputs for inputs, outputs, kernel in layers)


def test_global_generator_has_the_published_layers_and_parameters() -> None:
    # Wang et al. (2018), supplement: c7s1-64,d128,d256,d512,d1024,R1024 x 9,u512,u256,u128,u64,c7s1-3. Their code's
    # instance norm learns nothing. For 35 labels and an edge map it has 182,546,755 parameters.
    expected = convolutions(
        (36, 64, 7),
        *((64 * 2**level, 128 * 2**level, 3) for level in range(4)),
        *[(1024, 1024, 3)] * 18,
        *((1024 // 2**level, 512 // 2**level, 3) for level in range(4)),
        (64, 3, 7),
    )
    assert expected == 182_546_755
    generator = ResidualGenerator(PALETTE, True, 64, 4, 9, local_enhancer=False)
    assert parameters(generator) == expected
    kinds = [type(layer) for layer in generator.modules()]
    assert kinds.count(nn.Conv2d) == 1 + 4 + 18 + 1 and kinds.count(nn.ConvTranspose2d) == 4


def test_local_enhancer_has_the_published_layers_and_parameters() -> None:
    # c7s1-32,d64,R64 x 3,u32,c7s1-3 around the global generator, whose last layer it replaces.
    enhancer = convolutions((36, 32, 7), (32, 64, 3), *[(64, 64, 3)] * 6, (64, 32, 3), (32, 3, 7))
    expected = 182_546_755 - convolutions((64, 3, 7)) + enhancer
    # Built without its blocks' memory: the meta device holds shapes alone.
    with torch.device("meta"):
        generator = ResidualGenerator(PALETTE, True, 64, 4, 9, local_enhancer=True)
    assert parameters(generator) == expected


@pytest.mark.parametrize("scales", [2, 3])
def test_discriminators_have_the_published_layers_and_parameters(scales: int) -> None:
    # C64-C128-C256-C512 and a judgement, each of 4 x 4; labels, edges and the image are its input.
    one = convolutions((39, 64, 4), (64, 128, 4), (128, 256, 4), (256, 512, 4), (512, 1, 4))
    assert parameters(MultiscaleDiscriminator(CITYSCAPES, 64, scales)) == scales * one


@pytest.mark.parametrize("enhancer", [False, True])
def test_answers_are_images_and_a_file_brings_them_back(enhancer: bool, tmp_path: Path) -> None:
    generator = ResidualGenerator([[0, 0, 0], [255, 0, 0]], True, 4, 2, 1, enhancer).eval()
    x = (torch.rand(2, 4, 64, 64) > 0.5).float()
    answers = generator(x)
    assert answers.shape == (2, 3, 64, 64) and answers.min() >= 0 and answers.max() <= 1
    save_generator(generator, tmp_path / "g.safetensors", "pairs")
    again, training_set = load_generator(tmp_path / "g.safetensors")
    assert training_set == "pairs"
    assert torch.equal(again.eval()(x), answers)


def test_each_scale_sees_half_of_the_one_before() -> None:
    judged = MultiscaleDiscriminator(InputLayout(), 2, 3)(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64))
    # By hand: 64 -> 33 -> 17 -> 9 -> 10 -> 11 with padding 2, and so on from 32 and 16.
    assert [scale[-1].shape[-1] for scale in judged] == [11, 7, 5]
    assert [len(scale) for scale in judged] == [5, 5, 5]


class Stub(nn.Module):
    """A discriminator whose features and judgements are constants."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> list[list[torch.Tensor]]:
        level = y.mean((1, 2, 3)).view(-1, 1, 1, 1)
        features = [torch.ones(len(y), 2, 3, 3) * level for _ in range(4)]
        return [[*features, level.expand(len(y), 1, 2, 2)] for _ in range(2)]


def test_losses_by_hand() -> None:
    module = Pix2PixHD(CONFIG, InputLayout())
    module.discriminator = Stub()
    x = torch.zeros(2, 3, 64, 64)
    y, fake = torch.full((2, 3, 64, 64), 0.8), torch.full((2, 3, 64, 64), 0.6)
    loss, parts = module.discriminator_losses(x, y, fake)
    # Judgements 0.8 of real and 0.6 of generated pairs, at two scales.
    assert float(parts["d_real"]) == pytest.approx(2 * 0.2**2, rel=1e-5)
    assert float(parts["d_fake"]) == pytest.approx(2 * 0.6**2, rel=1e-5)
    assert float(loss) == pytest.approx(0.04 + 0.36, rel=1e-5)
    loss, parts = module.generator_losses(x, y, fake, torch.ones(2))
    assert float(parts["g_gan"]) == pytest.approx(2 * 0.4**2, rel=1e-5)
    # Four blocks, each 0.2 apart, averaged over the scales.
    assert float(parts["g_feat"]) == pytest.approx(4 * 0.2, rel=1e-5)
    assert float(loss) == pytest.approx(0.32 + 10 * 0.8, rel=1e-5)
    assert "g_perceptual" not in parts
    # A weight scales its own image's loss.
    fake[1] = 0.8
    alone = [module.generator_losses(x[:1], y[:1], fake[row : row + 1], torch.ones(1))[0] for row in range(2)]
    weighted, _ = module.generator_losses(x, y, fake, torch.tensor([2.0, 0.0]))
    assert float(weighted) == pytest.approx(float(alone[0]), rel=1e-5)


def test_perceptual_loss_reaches_the_generator_and_leaves_its_network_alone() -> None:
    module = Pix2PixHD(replace(CONFIG, perceptual="efficientnet_lite0"), InputLayout())
    x, y = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    assert module.perceptual is not None
    module.train()
    assert not module.perceptual.training
    loss, parts = module.generator_losses(x, y, module.generator(x), torch.ones(1))
    loss.backward()
    assert float(parts["g_perceptual"]) > 0
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.generator.parameters() if p.ndim > 1)
    assert all(p.grad is None for p in module.perceptual.parameters())
    # The distance of an image from itself.
    _, parts = module.generator_losses(x, y, y, torch.ones(1))
    assert float(parts["g_perceptual"]) == 0


def test_learning_rate_falls_as_in_the_original() -> None:
    config = replace(CONFIG, epochs=100, decay_epochs=100)
    # The original takes lr / 100 off at the end of each epoch behind the hundredth, epochs from 1.
    rate, expected = 1.0, {}
    for epoch in range(1, 201):
        expected[epoch - 1] = rate
        if epoch > 100:
            rate -= 1 / 100
    module = Pix2PixHD(config, InputLayout())
    assert {epoch: module.learning_rate_factor(epoch) for epoch in expected} == pytest.approx(expected)


def test_generator_steps_before_the_discriminator_does() -> None:
    assert Pix2PixHD.generator_first
    order: list[str] = []
    module = Pix2PixHD(CONFIG, InputLayout())
    module._step_generator = lambda *words: order.append("generator") or {}  # type: ignore[assignment,func-returns-value]
    module._step_discriminator = lambda *words: order.append("discriminator") or {}  # type: ignore[assignment,func-returns-value]
    module.log_dict = lambda *words, **more: None  # type: ignore[method-assign]
    batch = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64), torch.ones(1)
    module.training_step(batch, 0)
    assert order == ["generator", "discriminator"]


def test_a_few_steps_bring_answers_nearer() -> None:
    torch.manual_seed(0)
    module = Pix2PixHD(CONFIG, InputLayout())
    x, y = torch.rand(2, 3, 64, 64), torch.full((2, 3, 64, 64), 0.2)
    optimizer = torch.optim.Adam(module.generator.parameters(), lr=2e-3)
    before = float((module.generator(x) - y).abs().mean())
    for _ in range(15):
        optimizer.zero_grad()
        module.generator_losses(x, y, module.generator(x), torch.ones(2))[0].backward()
        optimizer.step()
    assert float((module.generator(x) - y).abs().mean()) < 0.8 * before
