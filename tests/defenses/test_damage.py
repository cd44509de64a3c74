"""The damage of a defense, against hand-computed values and a plain SSIM."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from mia_exp.defenses.damage import damage
from mia_exp.defenses.perceptual_distance import PerceptualDistance, feature_distance
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from tests.conftest import draw_pair


@pytest.fixture(scope="module")
def distance() -> PerceptualDistance:
    return PerceptualDistance(EfficientNetLite0(), torch.device("cpu"))


@pytest.fixture(scope="module")
def drawings() -> np.ndarray:
    return np.stack([np.asarray(draw_pair(seed)[1]) for seed in range(20)])


def none(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(a))


def slow_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. (2004) with their constants, one channel at a time, reflected at the border."""
    maps = []
    for channel in range(3):
        x, y = a[..., channel] / 255, b[..., channel] / 255

        def blur(image: np.ndarray) -> np.ndarray:
            return gaussian_filter(image, 1.5, radius=5, mode="mirror")  # a window of 11 pixels

        mx, my = blur(x), blur(y)
        vx, vy, cov = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
        c1, c2 = 0.01**2, 0.03**2
        ssim = (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
        maps.append(ssim)
    return float(np.mean(maps))


def test_psnr_of_a_constant_difference() -> None:
    a = np.full((3, 32, 32, 3), 100, np.uint8)
    done = damage(a, a + 10, a + 20, none)
    assert done["n"] == 3
    # 20 log10(255 / 10), and half of that difference's distance more: 20 log10(255 / 20).
    assert done["outputs"]["psnr"] == pytest.approx(20 * math.log10(25.5), abs=1e-4)
    assert done["undefended"]["psnr"] == pytest.approx(20 * math.log10(12.75), abs=1e-4)
    assert done["defended"]["psnr"] == pytest.approx(20 * math.log10(25.5), abs=1e-4)


def test_identical_images_have_no_psnr_and_are_counted() -> None:
    a = np.full((2, 32, 32, 3), 100, np.uint8)
    b = a.copy()
    b[1] += 10
    done = damage(a, b, a, none)
    assert done["undefended"] == {"psnr": None, "ssim": pytest.approx(1), "perceptual": 0.0, "identical": 2}
    assert done["outputs"]["identical"] == 1
    assert done["outputs"]["psnr"] == pytest.approx(20 * math.log10(25.5), abs=1e-4)


def test_ssim_is_that_of_a_slow_reference(drawings: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    noisy = (drawings + rng.normal(0, 20, drawings.shape)).clip(0, 255).astype(np.uint8)
    expected = np.mean([slow_ssim(a, b) for a, b in zip(drawings, noisy, strict=True)])
    assert damage(drawings, noisy, drawings, none)["outputs"]["ssim"] == pytest.approx(expected, abs=1e-3)


def test_more_noise_does_more_damage(drawings: np.ndarray, distance: PerceptualDistance) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 255, drawings.shape)
    done = [
        damage(drawings, (drawings + sigma * noise).clip(0, 255).astype(np.uint8), drawings, distance)["outputs"]
        for sigma in (0.02, 0.05, 0.1, 0.2)
    ]
    for name, sign in (("psnr", -1), ("ssim", -1), ("perceptual", 1)):
        values = [sign * part[name] for part in done]
        assert values == sorted(values) and values[0] < values[-1]


def test_perceptual_distance_of_two_cells_by_hand() -> None:
    # Two cells: features of length one that are equal in the first and at right angles in the second, whose squared
    # distance is 2. Lengths do not matter.
    a = torch.tensor([[[[3.0, 2.0]], [[4.0, 0.0]]]])
    b = torch.tensor([[[[6.0, 0.0]], [[8.0, 5.0]]]])
    assert feature_distance([a], [b]).tolist() == pytest.approx([1.0])
    assert feature_distance([a, a], [b, a]).tolist() == pytest.approx([0.5], abs=1e-6)


def test_perceptual_distance_is_symmetric_and_zero_for_equals(distance: PerceptualDistance) -> None:
    a, b = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    assert torch.allclose(distance(a, b), distance(b, a), atol=1e-6)
    assert distance(a, a).abs().max() == 0
    assert (distance(a, b) > 0).all()
