"""The networks of pix2pixHD's perceptual loss: five maps of an image, from fine to coarse."""

from pathlib import Path

from torch import Tensor, nn

from mia_exp.core.errors import WeightsError
from mia_exp.core.storage import file_sha256
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0, build_efficientnet_lite0
from mia_exp.features.torchvision_weights import TorchvisionWeights
from mia_exp.features.weights import StateDict, read_state_dict

VGG19 = TorchvisionWeights(
    "VGG19_Weights",
    "IMAGENET1K_V1",
    "vgg19-dcbb9e9d.pth",
    needed_by="victim.perceptual=vgg19",
    setting="victim.perceptual_weights",
    instead="victim.perceptual=efficientnet_lite0, whose weights are installed, or victim.perceptual=none",
)
# The weight of each of the five maps in the loss, as in the original code.
STAGE_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
# The first ReLU of each of VGG-19's five blocks, by torchvision's numbering.
VGG19_LAYERS = {"features.1": "1", "features.6": "2", "features.11": "3", "features.20": "4", "features.29": "5"}


class PerceptualNetwork(nn.Module):
    """A frozen ImageNet network.

    Its inputs are images in [-1, 1], without ImageNet's normalisation, as in the original code and in the training
    of EfficientNet-Lite0.

    Args:
        name: `vgg19` or `efficientnet_lite0`.
        weights: A local file of its ImageNet weights, or None for the default source.

    Raises:
        WeightsError: The weights are missing, could not be downloaded, or do not fit.
    """

    def __init__(self, name: str, weights: str | None) -> None:
        super().__init__()
        state = _load(name, weights)
        try:
            self.network = _vgg19(state) if name == "vgg19" else build_efficientnet_lite0(state, (0, 1, 2, 3, 4))
        except RuntimeError as error:
            raise WeightsError(
                f"victim.perceptual_weights={weights}: these are not {name}'s weights: {error}"
            ) from error
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> "PerceptualNetwork":
        """Stays in evaluation mode, with ImageNet's batch statistics, also while the victim is trained."""
        return super().train(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Five maps (N, C, h, w) of images (N, 3, H, W) in [0, 1]."""
        maps = self.network(2 * images - 1)
        return list(maps.values()) if isinstance(maps, dict) else list(maps)


def perceptual_fingerprint(name: str, weights: str | None) -> str:
    """Identifies the network and the content of its weights.

    Raises:
        WeightsError: The file `weights` does not exist.
    """
    if weights is not None:
        return f"{name} {file_sha256(_existing(name, weights))}"
    if name == "efficientnet_lite0":
        return f"{name} {EfficientNetLite0().fingerprint()}"
    return f"{name} torchvision {VGG19.release}" if name == "vgg19" else name


def _existing(name: str, weights: str) -> Path:
    path = Path(weights).expanduser()
    if not path.is_file():
        raise WeightsError(
            f"victim.perceptual_weights={weights}: there is no such file. Give the path of a local file with "
            f"{name}'s ImageNet weights, or leave it null for the default source."
        )
    return path


def _load(name: str, weights: str | None) -> StateDict:
    if weights is not None:
        return read_state_dict(_existing(name, weights))
    return EfficientNetLite0().state_dict() if name == "efficientnet_lite0" else VGG19.load()


def _vgg19(state: StateDict) -> nn.Module:
    from torchvision.models import vgg19
    from torchvision.models.feature_extraction import create_feature_extractor

    network = vgg19(weights=None)
    network.load_state_dict(state)
    extractor: nn.Module = create_feature_extractor(network.eval(), VGG19_LAYERS)
    return extractor
