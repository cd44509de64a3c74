"""L_diff in its fast form against the slow one: same images, same network, same pixels, one run.

The slow form is what one would write down: the whole network, a feature matrix of 3840 columns, scikit-learn's
LinearRegression, one image at a time. The network has Wide-ResNet50-2's layout with random weights and calibrated
batch norm, for its ImageNet weights cannot be assumed to be at hand; its scores mean nothing, its cost is real.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from sklearn.linear_model import LinearRegression

from mia_exp.attacks.difficulty import NETWORK_SCALE, DifficultyScorer, resize
from mia_exp.benchmarks.measure import finish, median_seconds, save_result
from mia_exp.config import DifficultyConfig, FeaturesConfig
from mia_exp.device import torch_device
from mia_exp.features import Backbone, load_backbone


def run(folder: Path, batch_sizes: tuple[int, ...] = (4, 8, 16), repeats: int = 5) -> dict[str, Any]:
    """Measures both forms, prints the ratio, and saves `difficulty.json`.

    The slow form is as one would write it down, on the CPU; the fast one is on the GPU where there is one.

    Args:
        folder: Where the result goes.
        batch_sizes: Settings of the fast form; the largest decides how many images there are.
        repeats: Timed runs of each.

    Returns:
        What was saved.
    """
    images = textured_images(max(batch_sizes))
    device = torch_device("auto")
    features = FeaturesConfig("wide_resnet50_2_untrained")
    whole = load_backbone(features)
    scorer = DifficultyScorer(features, DifficultyConfig(), device)
    slow_scores = np.array([slow_form(whole, scorer, image) for image in images[:4]])
    slow = median_seconds(lambda: slow_form(whole, scorer, images[0]), repeats)
    error = float(np.max(np.abs(scorer(images[:4]) / slow_scores - 1)))
    fast = [_measure(scorer, images[:size], repeats, slow) for size in batch_sizes]
    best = max(fast, key=lambda row: row["ratio"])
    result = {
        "network": "wide_resnet50_2, random weights, calibrated batch norm",
        "grid": "56 x 56, 70 % fitted",
        "slow_seconds_per_image": slow,
        "fast": fast,
        "best_ratio": best["ratio"],
        "largest_relative_error": error,
        "repeats": repeats,
    }
    path = save_result("difficulty", result, device, folder)
    console = Console()
    console.print(f"slow form   {slow:.3f} s an image")
    for row in fast:
        console.print(
            f"batch {row['batch_size']:>3}   {row['seconds_per_image']:.3f} s an image "
            f"(network {row['network_seconds_per_image']:.3f}, "
            f"regression {row['regression_seconds_per_image']:.3f}), {row['ratio']:.1f} times faster, "
            f"{row['peak_extra_mb']:.0f} MB at its peak"
        )
    console.print(f"largest relative error against the slow form: {error:.1e}")
    console.print(f"saved {path}", soft_wrap=True)
    return result


def slow_form(backbone: Backbone, scorer: DifficultyScorer, image: torch.Tensor) -> float:
    """Scores one image (3, H, W) with every stage, every column, and scikit-learn."""
    size = scorer.config.working_size
    with torch.inference_mode():
        stages = backbone(resize(image[None], size * NETWORK_SCALE, scorer.config.resize))
        upsampled = [F.interpolate(stage, (size, size), mode="bilinear", align_corners=False) for stage in stages]
    columns = torch.cat(upsampled, 1)[0].flatten(1).T.double().numpy()
    colours = resize(image[None], size, scorer.config.resize)[0].flatten(1).T.double().numpy()
    fitted, held_out = scorer.split.fitted, scorer.split.held_out
    fit = LinearRegression().fit(columns[fitted], colours[fitted])
    return float(np.abs(fit.predict(columns[held_out]) - colours[held_out]).mean())


def textured_images(count: int, size: int = 256) -> torch.Tensor:
    """Makes images (count, 3, size, size) in [0, 1] with detail at every scale, as photographs have."""
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(count, 3, size, size)
    for cells in (4, 8, 16, 32, 64, 128, 256):
        noise = torch.randn(count, 3, cells, cells, generator=generator)
        images += F.interpolate(noise, (size, size), mode="bilinear", align_corners=False) / cells**0.5
    return (images * 0.4 + 0.5).clamp(0, 1)


def _measure(scorer: DifficultyScorer, images: torch.Tensor, repeats: int, slow: float) -> dict[str, Any]:
    count = len(images)
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

    seconds = median_seconds(lambda: scorer(images), repeats) / count
    return {
        "batch_size": count,
        "seconds_per_image": seconds,
        "network_seconds_per_image": median_seconds(network, repeats) / count,
        "regression_seconds_per_image": median_seconds(regression, repeats) / count,
        "ratio": slow / seconds,
        "peak_extra_mb": _peak_extra_memory(lambda: scorer(images)) / 1e6,
    }


def _peak_extra_memory(work: Callable[[], object]) -> float:
    """Bytes of resident memory that `work` adds at its peak, sampled every few milliseconds."""
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
