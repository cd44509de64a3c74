"""Wide-ResNet50-2 (Zagoruyko and Komodakis, 2016), the paper's backbone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.features.backbone import Backbone
from mia_exp.features.feature_stage import FeatureStage
from mia_exp.features.torchvision_weights import TorchvisionWeights

if TYPE_CHECKING:
    from torch import nn

    from mia_exp.features.weights import StateDict

WEIGHTS = TorchvisionWeights(
    "Wide_ResNet50_2_Weights",
    "IMAGENET1K_V1",
    "wide_resnet50_2-95faca4d.pth",
    needed_by="features=wide_resnet50_2",
    setting="features.weights",
    instead="features=efficientnet_lite0, whose weights are installed",
)


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
        return WEIGHTS.load()

    def default_fingerprint(self) -> str:
        """The name of the release in torchvision."""
        return f"torchvision {WEIGHTS.release}"

    def to_download(self) -> str | None:
        """Torchvision's file, if no other is given; see `Backbone.to_download`."""
        return None if self.weights is not None else WEIGHTS.to_download()


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
