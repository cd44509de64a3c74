"""One vector per image: a backbone's feature maps, averaged over pixels."""

import numpy as np
import torch
from torch import Tensor

from mia_exp.features.backbone import Backbone


class PooledFeatures:
    """The means of all channels of all stages of the backbone, concatenated.

    Args:
        features: The backbone.
        device: Where it runs.

    Raises:
        WeightsError: The weights are missing or do not fit.
    """

    def __init__(self, features: Backbone, device: torch.device) -> None:
        self._backbone = features.load().to(device)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> np.ndarray:
        """Computes the vectors; an image's vector does not depend on the others.

        Args:
            images: (N, 3, H, W), float32 in [0, 1]; resized to 224 x 224.

        Returns:
            (N, C), float64; C is the sum of the stages' channels.
        """
        stages = [maps.double().mean((2, 3)) for maps in self._backbone.at_imagenet_size(images)]
        pooled: np.ndarray = torch.cat(stages, 1).cpu().numpy()
        return pooled
