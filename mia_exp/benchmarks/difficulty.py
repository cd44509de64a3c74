"""L_diff in its fast form against the slow one: same images, same network, same pixels, one run.

The slow form is what one would write down: the whole network, a feature matrix of 3840 columns, scikit-learn's
LinearRegression, one image at a time. It is timed with that matrix in float64, which is as exact as the fast form,
and in float32, as the authors' script has it. The network has Wide-ResNet50-2's layout with random weights and
calibrated batch norm, for its ImageNet weights cannot be assumed to be at hand; its scores mean nothing, its cost
is real.
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
    """Measures both forms, prints the ratio, and saves `difficulty.json`.

    The slow form is as one would write it down, on the CPU; the fast one is on the GPU where there is one.

    Args:
        folder: Where the result goes.
        batch_sizes: Settings of the fast form; the largest decides how many images there are.
        repeats: Timed runs of each, in turns.

    Returns:
        What was saved.
    """
    images = textured_images(max(batch_sizes))
    device = torch_device("auto")
    features = UntrainedWideResNet50()
    whole = features.load()
    scorer = DifficultyScorer(features, DifficultySettings(), device)
    exact, rough = (
        np.array([slow_form(whole, scorer, image, dtype) for image in images[:4]])
        for dtype in (np.float64, np.float32)
    )
    load = os.getloadavg()[0]
    forms: dict[str, Callable[[], object]] = {
        "float64": lambda: slow_form(whole, scorer, images[0]),
        "float32": lambda: slow_form(whole, scorer, images[0], np.float32),
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
        # What else the machine was busy with; a part of it is what was computed just before.
        "load_average_before": load,
    }
    path = save_result("difficulty", result, device, folder)
    console = Console()
    for dtype in ("float64", "float32"):
        console.print(f"slow form   {seconds[dtype]:.3f} s an image in {dtype}")
    for row in fast:
        console.print(
            f"batch {row['batch_size']:>3}   {row['seconds_per_image']:.3f} s an image "
            f"(network {row['network_seconds_per_image']:.3f}, "
            f"regression {row['regression_seconds_per_image']:.3f}), {row['ratio']:.1f} times faster than in "
            f"float64, {row['ratio_to_float32']:.1f} than in float32, {row['peak_extra_mb']:.0f} MB at its peak"
        )
    console.print(
        f"largest relative error against the slow form in float64: {result['largest_relative_error']:.1e}"
    )
    console.print(f"that of the slow form in float32: {result['largest_relative_error_of_float32']:.1e}")
    console.print(f"saved {path}", soft_wrap=True)
    return result


def slow_form(
    backbone: FrozenBackbone, scorer: DifficultyScorer, image: torch.Tensor, dtype: type[np.floating] = np.float64
) -> float:
    """Scores one image (3, H, W) with every stage, every column, and scikit-learn's fit in `dtype`."""
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
    """Makes images (count, 3, size, size) in [0, 1] with detail at every scale, as photographs have."""
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(count, 3, size, size)
    for cells in (4, 8, 16, 32, 64, 128, 256):
        noise = torch.randn(count, 3, cells, cells, generator=generator)
        images += F.interpolate(noise, (size, size), mode="bilinear", align_corners=False) / cells**0.5
    return (images * 0.4 + 0.5).clamp(0, 1)


def _fast_forms(scorer: DifficultyScorer, images: torch.Tensor) -> dict[str, Callable[[], object]]:
    """The whole score of a batch, and its two parts, by name."""
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
    """What was measured with batches of `count` images."""
    an_image = seconds[f"score {count}"] / count
    return {
        "batch_size": count,
        "seconds_per_image": an_image,
        "network_seconds_per_image": seconds[f"network {count}"] / count,
        "regression_seconds_per_image": seconds[f"regression {count}"] / count,
        "ratio": seconds["float64"] / an_image,
        "ratio_to_float32": seconds["float32"] / an_image,
        "peak_extra_mb": peak / 1e6,
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
