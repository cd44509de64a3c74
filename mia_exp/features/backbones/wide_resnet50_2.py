"""Wide-ResNet50-2 (Zagoruyko and Komodakis, 2016), the paper's backbone."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.error import URLError

from mia_exp.core.errors import WeightsError
from mia_exp.features.backbone import Backbone
from mia_exp.features.feature_stage import FeatureStage

if TYPE_CHECKING:
    from torch import nn

    from mia_exp.features.weights import StateDict

RELEASE = "IMAGENET1K_V1"
RELEASE_FILE = "wide_resnet50_2-95faca4d.pth"


@dataclass
class WideResNet50(Backbone):
    """Wide-ResNet50-2; torchvision downloads its ImageNet weights unless a local file is given."""

    title: ClassVar[str] = "Wide-ResNet50-2"
    name: ClassVar[str] = "wide_resnet50_2"
    # The four residual stages of He et al., with doubled width.
    stages: ClassVar[tuple[FeatureStage, ...]] = (
        FeatureStage(256, 4),
        FeatureStage(512, 8),
        FeatureStage(1024, 16),
        FeatureStage(2048, 32),
    )
    mean: ClassVar[tuple[float, float, float]] = (0.485, 0.456, 0.406)
    std: ClassVar[tuple[float, float, float]] = (0.229, 0.224, 0.225)

    def build(self, state: "StateDict", depth: int) -> "nn.Module":
        """Builds the network, with batch norm folded into the convolutions; see `Backbone.build`."""
        from torchvision.models import wide_resnet50_2
        from torchvision.models.feature_extraction import create_feature_extractor

        network = wide_resnet50_2(weights=None)
        network.load_state_dict(state)
        _fold_batch_norm(network.eval())
        layers = {f"layer{stage}": f"layer{stage}" for stage in range(1, depth + 1)}
        extractor: nn.Module = create_feature_extractor(network, layers)
        return extractor

    def default_weights(self) -> "StateDict":
        """The ImageNet weights of torchvision, downloaded on first use; see `Backbone.default_weights`."""
        from torchvision.models import Wide_ResNet50_2_Weights

        weights = Wide_ResNet50_2_Weights[RELEASE]
        try:
            state: StateDict = weights.get_state_dict(progress=True, check_hash=True)
        except (URLError, OSError, RuntimeError) as error:
            raise WeightsError(
                "features=wide_resnet50_2: its ImageNet weights are not on this machine and could not be "
                f"downloaded ({error}). Either download {weights.url} elsewhere and set "
                "features.weights=PATH, or use features=efficientnet_lite0, whose weights are installed."
            ) from error
        return state

    def default_fingerprint(self) -> str:
        """The name of the release in torchvision."""
        return f"torchvision {RELEASE}"

    def is_available(self) -> bool:
        """Whether a file is given or torchvision's file has been downloaded."""
        if self.weights is not None:
            return True
        # Where torch.hub looks, said again: importing it and torchvision takes seconds.
        cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
        home = Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser()
        return (home / "hub/checkpoints" / RELEASE_FILE).is_file()


def _fold_batch_norm(network: "nn.Module") -> None:
    """Folds the batch norm of a residual network in evaluation mode into its convolutions, which is faster."""
    from torch import nn
    from torch.nn.utils import fuse_conv_bn_eval

    for block in network.modules():
        for name, norm in list(block.named_children()):
            if isinstance(norm, nn.BatchNorm2d) and name.startswith("bn"):
                before = name.replace("bn", "conv")
                setattr(block, before, fuse_conv_bn_eval(getattr(block, before), norm))
                setattr(block, name, nn.Identity())
        if isinstance(block, nn.Sequential):
            convolution, norm = block[0], block[-1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                block[0], block[-1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
