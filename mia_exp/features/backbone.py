"""The backbones, cut into the stages whose activations describe a pixel.

Axes: N images, C channels, h x w cells of a stage, H x W pixels of the image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from mia_exp.config import FeaturesConfig
from mia_exp.errors import ConfigError, WeightsError
from mia_exp.features.weights import StateDict, load_weights


@dataclass(frozen=True)
class Stage:
    """One stage: its channels, and how many image pixels a side of one of its cells spans."""

    channels: int
    stride: int


@dataclass(frozen=True)
class Layout:
    """What is fixed about a backbone: its stages, its input scaling and how it is built.

    Attributes:
        stages: The stages that describe a pixel, from the first on.
        mean: Subtracted from each channel of an image in [0, 1].
        std: Divides each channel after that.
        build: Makes the network with the given weights, cut after the first `depth` stages.
    """

    stages: tuple[Stage, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    build: Callable[[StateDict, int], nn.Module]


class Backbone(nn.Module):
    """A frozen network that returns the activations of its stages.

    Attributes:
        stages: All stages of the layout; `forward` returns the first `depth` of them.
        depth: How many stages the network was built with; what lies behind them is never run.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, layout: Layout, state: StateDict, depth: int) -> None:
        super().__init__()
        self.stages = layout.stages
        self.depth = depth
        self.network = layout.build(state, depth)
        self.register_buffer("mean", torch.tensor(layout.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(layout.std).view(3, 1, 1))
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Runs the network.

        Args:
            images: (N, 3, H, W), float32 in [0, 1].

        Returns:
            One (N, C, h, w) float32 tensor for each of the first `depth` stages.
        """
        normalised = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features = self.network(normalised)
        return list(features.values()) if isinstance(features, dict) else list(features)


def load_backbone(config: FeaturesConfig, depth: int | None = None) -> Backbone:
    """Builds the backbone that `config` names, with its weights.

    Args:
        config: Which backbone, and from where its weights come.
        depth: How many stages to build; all by default.

    Raises:
        ConfigError: There is no such backbone.
        WeightsError: The weights are missing or do not fit.
    """
    layout = BACKBONES.get(config.backbone)
    if layout is None:
        raise ConfigError(f"features.backbone={config.backbone}: expected one of {', '.join(BACKBONES)}")
    try:
        return Backbone(layout, load_weights(config), depth or len(layout.stages))
    except RuntimeError as error:
        raise WeightsError(
            f"features.weights={config.weights}: these are not {config.backbone}'s weights: {error}"
        ) from error


def _build_wide_resnet50_2(state: StateDict, depth: int) -> nn.Module:
    from torchvision.models import wide_resnet50_2
    from torchvision.models.feature_extraction import create_feature_extractor

    network = wide_resnet50_2(weights=None)
    network.load_state_dict(state)
    _fold_batch_norm(network.eval())
    layers = {f"layer{stage}": f"layer{stage}" for stage in range(1, depth + 1)}
    extractor: nn.Module = create_feature_extractor(network, layers)
    return extractor


def _fold_batch_norm(network: nn.Module) -> None:
    """Moves the batch norm of a residual network in evaluation mode into its convolutions, which saves passes."""
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


def _build_efficientnet_lite0(state: StateDict, depth: int) -> nn.Module:
    return build_efficientnet_lite0(state, tuple(range(1, depth + 1)))


def build_efficientnet_lite0(state: StateDict, stages: tuple[int, ...]) -> nn.Module:
    """EfficientNet-Lite0 with the packaged weights, returning the maps of `stages`: 0 at stride 2, 4 at 32.

    Raises:
        RuntimeError: The weights do not fit.
    """
    import timm

    name = "tf_efficientnet_lite0"
    names = timm.create_model(name, pretrained=False).state_dict().keys()
    if len(names) != len(state):
        raise RuntimeError(f"expected {len(names)} tensors, found {len(state)}")
    # The packaged file holds timm's tensors, in timm's order, under the names of the code it was trained with.
    renamed = dict(zip(names, state.values(), strict=True))
    network: nn.Module = timm.create_model(name, pretrained=False, features_only=True, out_indices=stages)
    network.load_state_dict({key: renamed[key] for key in network.state_dict()})
    return network


# The four residual stages of He et al.'s layout, doubled in width (Zagoruyko & Komodakis, 2016).
_WIDE_RESNET50_2 = Layout(
    stages=(Stage(256, 4), Stage(512, 8), Stage(1024, 16), Stage(2048, 32)),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    build=_build_wide_resnet50_2,
)

BACKBONES = {
    "wide_resnet50_2": _WIDE_RESNET50_2,
    "wide_resnet50_2_untrained": _WIDE_RESNET50_2,
    # Its stages at the same four strides; that of stride 2 is left out, for the paper's form has none.
    "efficientnet_lite0": Layout(
        stages=(Stage(24, 4), Stage(40, 8), Stage(112, 16), Stage(320, 32)),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        build=_build_efficientnet_lite0,
    ),
}
