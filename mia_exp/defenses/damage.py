"""The damage that a defense does to outputs: how far it moves V(x) from the undefended V(x), and from y."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

Distance = Callable[[Tensor, Tensor], Tensor]

# Images in memory at a time.
BATCH_SIZE = 16


def damage(undefended: np.ndarray, defended: np.ndarray, targets: np.ndarray, distance: Distance) -> dict[str, Any]:
    """Compares outputs with and without a defense, and both with the targets.

    Args:
        undefended: V(x) without the defense, uint8 (N, H, W, 3).
        defended: V(x) with the defense, of the same shape and type.
        targets: y, of the same shape and type.
        distance: A perceptual distance of images (N, 3, H, W) in [0, 1]: (N,).

    Returns:
        `n`; `outputs`, defended against undefended; `undefended` and `defended`, each against y. Each of these
        has the means over the images of `psnr` (dB; over images that differ, None if none does), `ssim`
        (Gaussian window of 11 pixels, sigma 1.5) and `perceptual`, and the number of `identical` images.
    """
    return {
        "n": len(targets),
        "outputs": _compared(defended, undefended, distance),
        "undefended": _compared(undefended, targets, distance),
        "defended": _compared(defended, targets, distance),
    }


def _compared(images: np.ndarray, references: np.ndarray, distance: Distance) -> dict[str, float | int | None]:
    psnr, ssim, perceptual = [], [], []
    for start in range(0, len(images), BATCH_SIZE):
        a, b = (_to_tensor(part[start : start + BATCH_SIZE]) for part in (images, references))
        psnr.append(peak_signal_noise_ratio(a, b, data_range=1.0, reduction="none", dim=(1, 2, 3)))
        similarity = structural_similarity_index_measure(a, b, data_range=1.0, reduction="none")
        assert isinstance(similarity, Tensor)  # with other options it returns more
        ssim.append(similarity)
        perceptual.append(distance(a, b))
    decibels = torch.cat(psnr)
    different = decibels.isfinite()
    return {
        "psnr": float(decibels[different].mean()) if different.any() else None,
        "ssim": float(torch.cat(ssim).mean()),
        "perceptual": float(torch.cat(perceptual).mean()),
        "identical": int((~different).sum()),
    }


def _to_tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 255
