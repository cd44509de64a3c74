"""Conversion between stored images and tensors."""

import numpy as np
import torch
from torch import Tensor


def to_tensor(images: np.ndarray) -> Tensor:
    """Converts uint8 (..., H, W, C) to float32 (..., C, H, W) in [0, 1]."""
    channels_first = np.moveaxis(images, -1, -3)
    return torch.from_numpy(channels_first.astype(np.float32) / 255)


def to_uint8(images: Tensor) -> np.ndarray:
    """Rounds images (N, 3, H, W) in [0, 1] to uint8 (N, H, W, 3)."""
    quantised: np.ndarray = (images.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return quantised
