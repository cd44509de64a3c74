"""What misaligned features and colours do to L_diff: the authors' released script against aligned images.

Both predict y's colours from x's features (`difficulty.source=input_to_target`). The script resizes the image for
the features to 256 pixels and crops the central 224, but resizes the whole image for the colours, so that the
features of a pixel are not those of the place whose colour is predicted. It also draws other pixels for each image,
and its colours are 8-bit. The definitions are written out here, without the package's scorer.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from rich.console import Console
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer
from mia_exp.attacks.numerics.regression import split_pixels
from mia_exp.benchmarks.measure import save_result
from mia_exp.config.compose import compose_run
from mia_exp.core.errors import DataError
from mia_exp.data.splits import ordered
from mia_exp.data.tensors import to_tensor
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.features.frozen import FrozenBackbone

DATASETS = ("openmoji", "facades", "maps2sat")
# Sides in pixels: of the images, of the network's input, and of the grid of the regression.
IMAGE, INPUT, GRID = 256, 224, 56
FITTED_SHARE = 0.7

# One image of a pair, uint8 (H, W, 3), and the score of a pair (x, y).
Pixels = np.ndarray
Score = Callable[[Pixels, Pixels], float]


def run(folder: Path, pairs: int = 60) -> dict[str, Any]:
    """Scores pairs of each dataset by all three definitions, prints their ratios, and saves `misalignment.json`.

    The drawings are embedded; the other datasets are left out if they are not on this machine.

    Args:
        folder: Folder of the result.
        pairs: Number of pairs of each dataset.

    Returns:
        The saved result.
    """
    console = Console()
    features = EfficientNetLite0()
    backbone = features.load()
    scorer = DifficultyScorer(features, DifficultySettings(), torch.device("cpu"))
    results = []
    for name in DATASETS:
        try:
            source = compose_run([f"dataset={name}"]).dataset.open(Path("data"), download=False)
            chosen = ordered(source.records(), seed=0)[:pairs]
            images = [source.load(id, IMAGE, IMAGE)[:2] for id in chosen]
        except DataError as error:
            console.print(f"{name} is left out: {error}", soft_wrap=True)
            continue
        results.append({"dataset": name, "pairs": len(images), **_compared(images, backbone, scorer)})
        for row in results[-1]["definitions"]:
            console.print(
                f"{name:<9} {row['name']:<8} mean {row['mean']:.4f}, {row['ratio']:.2f} times the aligned one, "
                f"rank correlation {row['rank_correlation']:.2f}",
                soft_wrap=True,
            )
    result = {
        "network": features.name,
        "image_size": IMAGE,
        "grid": f"{GRID} x {GRID}, {100 * FITTED_SHARE:g} % fitted",
        "datasets": results,
    }
    path = save_result("misalignment", result, torch.device("cpu"), folder)
    console.print(f"saved {path}", soft_wrap=True)
    return result


def _compared(
    images: Sequence[tuple[Pixels, Pixels]], backbone: FrozenBackbone, scorer: DifficultyScorer
) -> dict[str, Any]:
    """The definitions' means, and their ratios to the aligned one and rank correlations with it."""
    definitions = score_definitions(backbone)
    scores = {name: np.array([score(x, y) for x, y in images]) for name, score in definitions.items()}
    reference = scores["aligned"]
    package = np.concatenate([scorer(to_tensor(x[None]), to_tensor(y[None])) for x, y in images])
    rows = [
        {
            "name": name,
            "mean": float(values.mean()),
            "ratio": float(values.mean() / reference.mean()),
            "rank_correlation": float(spearmanr(values, reference).statistic),
        }
        for name, values in scores.items()
    ]
    return {
        "definitions": rows,
        "largest_relative_error_of_the_package": float(np.max(np.abs(package / reference - 1))),
    }


def score_definitions(backbone: FrozenBackbone) -> dict[str, Score]:
    """The three scores of one pair, by name.

    `aligned`: features and colours of the whole image, as in this package. `cropped`: the same, but with the
    features of the central 224 of 256 pixels. `script`: the authors' script.
    """
    rng = np.random.default_rng(0)
    return {
        "aligned": partial(aligned, backbone),
        "cropped": partial(cropped, backbone),
        "script": partial(script, backbone, rng),
    }


def aligned(backbone: FrozenBackbone, x: Pixels, y: Pixels) -> float:
    """L_diff of y's colours from x's features, both of the whole image; resized bilinearly in floating point."""
    return _held_out_error(_features(backbone, _bilinear(x, INPUT)), _bilinear(y, GRID), _fixed_pixels())


def cropped(backbone: FrozenBackbone, x: Pixels, y: Pixels) -> float:
    """The same with the features of x's centre alone: the central 224 of 256 pixels."""
    start = (IMAGE - INPUT) // 2
    centre = _bilinear(x, IMAGE)[..., start : start + INPUT, start : start + INPUT]
    return _held_out_error(_features(backbone, centre), _bilinear(y, GRID), _fixed_pixels())


def script(backbone: FrozenBackbone, rng: np.random.Generator, x: Pixels, y: Pixels) -> float:
    """The authors' script: x's centre, y's colours in 8 bit, and pixels that are drawn anew for each image."""
    start = (IMAGE - INPUT) // 2
    resized = np.asarray(Image.fromarray(x).resize((IMAGE, IMAGE), Image.Resampling.BICUBIC))
    centre = resized[start : start + INPUT, start : start + INPUT]
    colours = np.asarray(Image.fromarray(y).resize((GRID, GRID), Image.Resampling.BICUBIC))
    pixels = rng.permutation(GRID * GRID)
    fitted = round(FITTED_SHARE * len(pixels))
    split = pixels[:fitted], pixels[fitted:]
    return _held_out_error(_features(backbone, to_tensor(centre[None])), to_tensor(colours[None]), split)


def _bilinear(image: Pixels, size: int) -> torch.Tensor:
    """An image as float32 (1, 3, size, size) in [0, 1]."""
    tensor = to_tensor(image[None])
    return F.interpolate(tensor, (size, size), mode="bilinear", antialias=True, align_corners=False)


@torch.inference_mode()
def _features(backbone: FrozenBackbone, image: torch.Tensor) -> np.ndarray:
    """All four stages of an image (1, 3, 224, 224), resized to the grid: (GRID * GRID, channels), float64."""
    stages = [F.interpolate(stage, (GRID, GRID), mode="bilinear", align_corners=False) for stage in backbone(image)]
    columns: np.ndarray = torch.cat(stages, 1)[0].flatten(1).T.double().numpy()
    return columns


def _fixed_pixels() -> tuple[np.ndarray, np.ndarray]:
    """The pixels that this package fits and holds out, the same for every image."""
    split = split_pixels(GRID, FITTED_SHARE, seed=0)
    return split.fitted.numpy(), split.held_out.numpy()


def _held_out_error(columns: np.ndarray, colours: torch.Tensor, split: tuple[np.ndarray, np.ndarray]) -> float:
    """Least squares with intercept on the fitted pixels; the mean absolute error on the others."""
    fitted, held_out = split
    targets = colours[0].flatten(1).T.double().numpy()
    fit = LinearRegression().fit(columns[fitted], targets[fitted])
    return float(np.abs(fit.predict(columns[held_out]) - targets[held_out]).mean())
