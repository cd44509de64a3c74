"""The perceptual networks: what they return, and what is said when their weights are not there."""

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torchvision.models import VGG19_Weights, vgg19

from mia_exp.core.errors import WeightsError
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.features.perceptual_network import PerceptualNetwork


def test_efficientnet_returns_five_maps_each_half_of_the_one_before() -> None:
    images = torch.rand(2, 3, 64, 64)
    maps = PerceptualNetwork("efficientnet_lite0", None)(images)
    assert [stage.shape[-1] for stage in maps] == [32, 16, 8, 4, 2]
    # The four coarser ones are those that the difficulty is measured on.
    for found, expected in zip(maps[1:], EfficientNetLite0().load()(images), strict=True):
        assert torch.allclose(found, expected, atol=1e-4)


def test_training_around_it_changes_nothing() -> None:
    network, images = PerceptualNetwork("efficientnet_lite0", None), torch.rand(2, 3, 64, 64)
    before = [stage.clone() for stage in network(images)]
    nn.Sequential(network).train()
    assert all(torch.equal(a, b) for a, b in zip(network(images), before, strict=True))
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_vgg_returns_the_first_rectified_convolution_of_each_block(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = vgg19(weights=None).eval()
    # The classifier, most of its memory, is not read here: one zero stands for all of it.
    state = {
        name: weight if name.startswith("features") else torch.zeros(1).expand(weight.shape)
        for name, weight in network.state_dict().items()
    }
    torch.save(state, tmp_path / "vgg.pth")
    images = torch.rand(1, 3, 32, 32)
    maps = PerceptualNetwork("vgg19", str(tmp_path / "vgg.pth"))(images)
    # VGG-19's blocks have 2, 2, 4, 4 and 4 convolutions; walk them one by one.
    hidden, blocks, first = 2 * images - 1, [], True
    with torch.no_grad():
        for layer in network.features:
            hidden = layer(hidden)
            if isinstance(layer, nn.ReLU) and first:
                blocks.append(hidden.clone())
                first = False
            if isinstance(layer, nn.MaxPool2d):
                first = True
    assert [stage.shape[1] for stage in maps] == [64, 128, 256, 512, 512]
    for found, expected in zip(maps, blocks, strict=True):
        assert torch.allclose(found, expected, atol=1e-5)


def test_missing_and_foreign_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"victim\.perceptual_weights=none\.pth: there is no such file"):
        PerceptualNetwork("vgg19", "none.pth")
    torch.save({"w": torch.zeros(1)}, tmp_path / "foreign.pth")
    with pytest.raises(WeightsError, match=r"these are not vgg19's weights"):
        PerceptualNetwork("vgg19", str(tmp_path / "foreign.pth"))

    def no_network(self: VGG19_Weights, **options: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(VGG19_Weights, "get_state_dict", no_network)
    ways_out = r"vgg19-dcbb9e9d\.pth.*victim\.perceptual_weights=PATH.*perceptual=none"
    with pytest.raises(WeightsError, match=ways_out):
        PerceptualNetwork("vgg19", None)
