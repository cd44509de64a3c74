"""ImageNet weights that are not there: a plan says so, and a run ends before it decodes or trains anything."""

from pathlib import Path

import pytest
import torch
from torchvision.models import VGG19_Weights, Wide_ResNet50_2_Weights

from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.features.backbones.wide_resnet50_2 import WEIGHTS as WIDE_RESNET
from mia_exp.features.perceptual_network import VGG19
from tests.cli import mia_exp, tiny

SMALL = ["victim.blocks=1", "victim.downsamplings=2"]
# What needs the weights, each with the setting that names a copy of the file, and its address.
NEEDS = [
    (
        ["victim=pix2pixhd", *SMALL, "victim.perceptual=vgg19"],
        "victim.perceptual_weights",
        VGG19_Weights.IMAGENET1K_V1,
    ),
    (["features=wide_resnet50_2"], "features.weights", Wide_ResNet50_2_Weights.IMAGENET1K_V1),
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder of downloads, and no network: a closed local port in place of a proxy."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    return tmp_path / "torch/hub/checkpoints"


@pytest.mark.parametrize(("words", "setting", "weights"), NEEDS)
def test_a_plan_says_what_a_run_downloads(
    words: list[str], setting: str, weights: VGG19_Weights, folder_dataset: Path, tmp_path: Path, offline: Path
) -> None:
    planned = mia_exp(*tiny(folder_dataset, *words), "dry_run=true", cwd=tmp_path)
    assert planned.status == 0, planned.err
    assert f"A run downloads {weights.url}, unless {setting}=PATH names a copy" in planned.out
    offline.mkdir(parents=True)
    (offline / Path(weights.url).name).touch()
    assert "downloads" not in mia_exp(*tiny(folder_dataset, *words), "dry_run=true", cwd=tmp_path).out


@pytest.mark.parametrize(("words", "setting", "weights"), NEEDS)
def test_a_run_ends_before_any_work(
    words: list[str], setting: str, weights: VGG19_Weights, folder_dataset: Path, tmp_path: Path
) -> None:
    outcome = mia_exp(*tiny(folder_dataset, *words), cwd=tmp_path)
    assert outcome.status == 1
    last = outcome.err.splitlines()[-1]
    assert "could not be downloaded" in last and f"download {weights.url} elsewhere and set {setting}=PATH" in last
    assert not list(tmp_path.glob("outputs/artifacts/*/*"))


@pytest.mark.parametrize(
    "words",
    [["victim.perceptual=none"], ["victim.perceptual=vgg19", "victim.perceptual_weights=weights.pth"]],
    ids=["none", "a file"],
)
def test_nothing_is_downloaded_that_is_not_needed(words: list[str], folder_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").touch()
    planned = mia_exp(*tiny(folder_dataset, "victim=pix2pixhd", *SMALL, *words), "dry_run=true", cwd=tmp_path)
    assert planned.status == 0, planned.err
    assert "downloads" not in planned.out


def test_what_is_made_needs_no_weights(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EfficientNetLite0, "to_download", lambda self: "A run downloads the weights.")
    words = tiny(folder_dataset)
    assert "A run downloads the weights." in mia_exp(*words, "dry_run=true", cwd=tmp_path).out
    assert mia_exp(*words, cwd=tmp_path).status == 0
    assert "A run downloads the weights." not in mia_exp(*words, "dry_run=true", cwd=tmp_path).out


def test_the_addresses_are_torchvisions() -> None:
    assert VGG19.url == VGG19_Weights.IMAGENET1K_V1.url
    assert WIDE_RESNET.url == Wide_ResNet50_2_Weights.IMAGENET1K_V1.url
