"""The optimised L_diff against a plain implementation: same images, same network, same pixels, one run.

The plain implementation uses the full network, a feature matrix of 3840 columns, scikit-learn's LinearRegression,
and one image at a time. It is timed with that matrix in float64, which is as exact as the optimised one, and in
float32, as in the authors' script. The network has Wide-ResNet50-2's architecture with random weights and
calibrated batch norm, since its ImageNet weights may not be available; that does not change the run time.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from sklearn.linear_model import LinearRegression

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.attacks.numerics.difficulty_scorer import NETWORK_SCALE, DifficultyScorer, resize
from mia_exp.benchmarks.measure import finish, interleaved_medians, save_result
from mia_exp.core.device import torch_device
from mia_exp.features.backbones.wide_resnet50_2_untrained import UntrainedWideResNet50
from mia_exp.features.frozen import FrozenBackbone


def run(folder: Path, batch_sizes: tuple[int, ...] = (4, 8, 16), repeats: int = 11) -> dict[str, Any]:
    """Times both implementations, prints the speedup, and saves `difficulty.json`.

    The plain implementation runs on the CPU; the optimised one on the GPU if there is one.

    Args:
        folder: Folder of the result.
        batch_sizes: Batch sizes of the optimised implementation; the largest is the number of images.
        repeats: Timed runs of each, interleaved.

    Returns:
        The saved result.
    """
    images = textured_images(max(batch_sizes))
    device = torch_device("auto")
    features = UntrainedWideResNet50()
    backbone = features.load()
    scorer = DifficultyScorer(features, DifficultySettings(), device)
    exact, rough = (
        np.array([plain_score(backbone, scorer, image, dtype) for image in images[:4]])
        for dtype in (np.float64, np.float32)
    )
    load = os.getloadavg()[0]
    forms: dict[str, Callable[[], object]] = {
        "float64": lambda: plain_score(backbone, scorer, images[0]),
        "float32": lambda: plain_score(backbone, scorer, images[0], np.float32),
    }
    for size in batch_sizes:
        forms |= _fast_forms(scorer, images[:size])
    seconds = interleaved_medians(forms, repeats)
    peaks = {size: _peak_extra_memory(partial(scorer, images[:size])) for size in batch_sizes}
    fast = [_row(seconds, size, peak) for size, peak in peaks.items()]
    best = max(fast, key=lambda row: row["ratio"])
    result = {
        "network": "wide_resnet50_2, random weights, calibrated batch norm",
        "grid": "56 x 56, 70 % fitted",
        "slow_seconds_per_image": seconds["float64"],
        "slow_float32_seconds_per_image": seconds["float32"],
        "fast": fast,
        "best_ratio": best["ratio"],
        "best_ratio_to_float32": best["ratio_to_float32"],
        "largest_relative_error": float(np.max(np.abs(scorer(images[:4]) / exact - 1))),
        "largest_relative_error_of_float32": float(np.max(np.abs(rough / exact - 1))),
        "repeats": repeats,
        # Other load of the machine; includes the computations just before.
        "load_average_before": load,
    }
    path = save_result("difficulty", result, device, folder)
    console = Console()
    for dtype in ("float64", "float32"):
        console.print(f"plain       {seconds[dtype]:.3f} s per image in {dtype}")
    for row in fast:
        console.print(
            f"batch {row['batch_size']:>3}   {row['seconds_per_image']:.3f} s per image "
            f"(network {row['network_seconds_per_image']:.3f}, "
            f"regression {row['regression_seconds_per_image']:.3f}), speedup {row['ratio']:.1f} over float64, "
            f"{row['ratio_to_float32']:.1f} over float32, peak memory {row['peak_extra_mb']:.0f} MB"
        )
    console.print(
        f"largest relative error against the plain score in float64: {result['largest_relative_error']:.1e}"
    )
    console.print(f"the same for the plain score in float32: {result['largest_relative_error_of_float32']:.1e}")
    console.print(f"saved {path}", soft_wrap=True)
    return result


def plain_score(
    backbone: FrozenBackbone, scorer: DifficultyScorer, image: torch.Tensor, dtype: type[np.floating] = np.float64
) -> float:
    """Scores one image (3, H, W) with all stages, all columns, and scikit-learn's fit in `dtype`."""
    size = scorer.config.working_size
    with torch.inference_mode():
        stages = backbone(resize(image[None], size * NETWORK_SCALE, scorer.config.resize))
        upsampled = [F.interpolate(stage, (size, size), mode="bilinear", align_corners=False) for stage in stages]
    columns = torch.cat(upsampled, 1)[0].flatten(1).T.numpy().astype(dtype)
    colours = resize(image[None], size, scorer.config.resize)[0].flatten(1).T.numpy().astype(dtype)
    fitted, held_out = scorer.split.fitted, scorer.split.held_out
    fit = LinearRegression().fit(columns[fitted], colours[fitted])
    return float(np.abs(fit.predict(columns[held_out]) - colours[held_out]).mean())


def textured_images(count: int, size: int = 256) -> torch.Tensor:
    """Random images (count, 3, size, size) in [0, 1] with detail at all scales, like photographs."""
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(count, 3, size, size)
    for cells in (4, 8, 16, 32, 64, 128, 256):
        noise = torch.randn(count, 3, cells, cells, generator=generator)
        images += F.interpolate(noise, (size, size), mode="bilinear", align_corners=False) / cells**0.5
    return (images * 0.4 + 0.5).clamp(0, 1)


def _fast_forms(scorer: DifficultyScorer, images: torch.Tensor) -> dict[str, Callable[[], object]]:
    """The complete score of a batch, and its two parts, by name."""
    images = images.to(scorer.device)
    enlarged = resize(images, scorer.config.working_size * NETWORK_SCALE, scorer.config.resize)

    @torch.inference_mode()
    def network() -> list[torch.Tensor]:
        maps: list[torch.Tensor] = scorer.backbone(enlarged)
        finish(scorer.device)
        return maps

    maps = network()
    colours = resize(images, scorer.config.working_size, scorer.config.resize)

    @torch.inference_mode()
    def regression() -> object:
        errors, _ = scorer.reduced.errors([maps[k] for k in scorer.varying], colours)
        return errors.cpu()

    count = len(images)
    return {
        f"score {count}": lambda: scorer(images),
        f"network {count}": network,
        f"regression {count}": regression,
    }


def _row(seconds: Mapping[str, float], count: int, peak: float) -> dict[str, Any]:
    """The results for batches of `count` images."""
    per_image = seconds[f"score {count}"] / count
    return {
        "batch_size": count,
        "seconds_per_image": per_image,
        "network_seconds_per_image": seconds[f"network {count}"] / count,
        "regression_seconds_per_image": seconds[f"regression {count}"] / count,
        "ratio": seconds["float64"] / per_image,
        "ratio_to_float32": seconds["float32"] / per_image,
        "peak_extra_mb": peak / 1e6,
    }


def _peak_extra_memory(work: Callable[[], object]) -> float:
    """Peak resident memory that `work` adds, in bytes, sampled every few milliseconds."""
    before = peak = _resident_bytes()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, _resident_bytes())
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return peak - before


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
