"""The difficulty score L_diff of a pair: the error of predicting an image's colours linearly from image features.

In Eq. 2 of Shafran, Peleg, Hoshen, *Membership Inference Attacks are Easier on Difficult Problems* (2021), colours
and features are those of the target. The score needs one pair: no victim, no other pair, no label.
"""

import logging

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mia_exp.attacks.difficulty_settings import DifficultySettings, ResizeMethod
from mia_exp.attacks.numerics.regression import ReducedRegression, is_fixed, minimum_norm_error, split_pixels
from mia_exp.core.device import send
from mia_exp.features import Backbone
from mia_exp.features.frozen import FrozenBackbone

log = logging.getLogger(__name__)

# The first stage's stride: an input of working_size * 4 pixels per side gives maps on the working grid.
NETWORK_SCALE = 4


class DifficultyScorer:
    """Computes L_diff for batches of images.

    Args:
        features: The backbone.
        config: The settings of the score.
        device: Where it is computed.

    Raises:
        ConfigError, WeightsError: The backbone is unknown, or its weights are missing or do not fit.
    """

    def __init__(self, features: Backbone, config: DifficultySettings, device: torch.device) -> None:
        self.features = features
        self.config = config
        self.device = device
        self.split = split_pixels(config.working_size, config.fitted_share, config.seed)
        self._full: FrozenBackbone | None = None
        stages = features.stages
        self.varying = [k for k, stage in enumerate(stages) if not is_fixed(stage, config.working_size)]
        self.reduced = ReducedRegression(stages, config.working_size, self.split, device)
        # Stages after the last varying one contribute only columns that do not depend on the image.
        self.backbone = features.load(depth=max(self.varying) + 1).to(device)

    @torch.inference_mode()
    def __call__(self, described: Tensor, predicted: Tensor | None = None) -> np.ndarray:
        """Scores pairs of images; a pair's score does not depend on the others.

        Args:
            described: The images whose features are computed, (N, 3, H, W), float32 in [0, 1].
            predicted: The images whose colours are predicted, (N, 3, H, W), float32 in [0, 1]; by default the same.

        Returns:
            L_diff (N,), float64: mean absolute error on the [0, 1] scale.
        """
        described = send(described, self.device)
        predicted = described if predicted is None else send(predicted, self.device)
        size = self.config.working_size
        colours = resize(predicted, size, self.config.resize)
        enlarged = resize(described, size * NETWORK_SCALE, self.config.resize)
        if self.reduced.overdetermined:
            maps = self.backbone(enlarged)
            errors, reliable = self.reduced.errors([maps[k] for k in self.varying], colours)
        else:
            errors = torch.zeros(len(described), dtype=torch.float64)
            reliable = torch.zeros(len(described), dtype=torch.bool)
        scores: np.ndarray = errors.cpu().numpy()
        for row in (~reliable).nonzero().flatten().tolist():
            maps = self._full_backbone()(enlarged[row : row + 1])
            scores[row] = minimum_norm_error([stage[0] for stage in maps], colours[row], self.split)
        return scores

    def _full_backbone(self) -> FrozenBackbone:
        if self._full is None:
            self._full = self.features.load().to(self.device)
        return self._full


def resize(images: Tensor, size: int, method: ResizeMethod) -> Tensor:
    """Resizes images (N, 3, H, W) to (N, 3, size, size); values stay in [0, 1]."""
    if images.shape[-2:] == (size, size):
        return images
    if method is ResizeMethod.nearest:
        return F.interpolate(images, (size, size), mode="nearest-exact")
    if method is ResizeMethod.area:
        return F.interpolate(images, (size, size), mode="area")
    enlarged = F.interpolate(images, (size, size), mode=method.value, antialias=True, align_corners=False)
    # Bicubic kernels overshoot at edges.
    return enlarged.clamp(0, 1)
