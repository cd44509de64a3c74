"""L_diff against a plain reference, and its invariances."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LinearRegression
from torchvision.models import wide_resnet50_2

from mia_exp.attacks.difficulty_settings import DifficultySettings, ResizeMethod, Source
from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer, resize
from mia_exp.attacks.numerics.regression import minimum_norm_error, split_pixels, upsampling_matrix
from mia_exp.features import Backbone
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.features.backbones.wide_resnet50_2_untrained import UntrainedWideResNet50
from tests.conftest import draw_pair
from tests.reference.difficulty import slow_difficulty

CPU = torch.device("cpu")
LITE = EfficientNetLite0()
WIDE = UntrainedWideResNet50()
TOLERANCE = 1e-4


def drawings(count: int, size: int = 64) -> torch.Tensor:
    images = [np.asarray(draw_pair(seed, size)[1]) for seed in range(count)]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


def photos(real_data: Path, count: int) -> torch.Tensor:
    paths = sorted((real_data / "facades" / "train").glob("*.jpg"))[:count]
    halves = [np.asarray(Image.open(path).convert("RGB"))[:, :256] for path in paths]
    return torch.from_numpy(np.stack(halves)).permute(0, 3, 1, 2).float() / 255


def scorer(features: Backbone = LITE, **settings: object) -> DifficultyScorer:
    return DifficultyScorer(features, replace(DifficultySettings(), **settings), CPU)  # type: ignore[arg-type]


def pairs(count: int, size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = [draw_pair(seed, size) for seed in range(count)]
    x, y = (np.stack([np.asarray(pair[half]) for pair in drawn]) for half in (0, 1))
    x, y = (torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255 for images in (x, y))
    return x, y


@pytest.mark.parametrize("share", [0.05, 0.7])
def test_colours_of_one_image_from_the_features_of_another(share: float) -> None:
    # The authors' script: the target's colours from the input's features.
    x, y = pairs(3)
    fast = scorer(fitted_share=share)
    whole = LITE.load()
    expected = [slow_difficulty(whole, one, fast.split, predicted=other) for one, other in zip(x, y, strict=True)]
    found = fast(x, y)
    assert found == pytest.approx(expected, rel=TOLERANCE)
    assert not np.isclose(found, fast(x), rtol=0.01).any()
    assert not np.isclose(found, fast(y), rtol=0.01).any()


def test_a_source_names_both_images() -> None:
    found = {source.name: source.images("x", "y") for source in Source}
    # What is described, and what is predicted from it: the paper's text, then the authors' script.
    assert found == {"target": ("y", "y"), "input_to_target": ("x", "y"), "input": ("x", "x")}


def compare(features: Backbone, images: torch.Tensor) -> None:
    fast = scorer(features)
    whole = features.load()
    expected = [slow_difficulty(whole, image, fast.split) for image in images]
    assert fast(images) == pytest.approx(expected, rel=TOLERANCE)


def test_equals_the_reference_on_drawings() -> None:
    compare(LITE, drawings(4))


@pytest.mark.real_data("facades")
def test_equals_the_slow_form_on_photos(real_data: Path) -> None:
    compare(LITE, photos(real_data, 3))


def test_equals_the_reference_for_wide_resnet() -> None:
    compare(WIDE, drawings(2))


@pytest.mark.real_data("facades")
def test_equals_the_slow_form_for_wide_resnet_on_photos(real_data: Path) -> None:
    compare(WIDE, photos(real_data, 2))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.9])
def test_equals_the_reference_at_any_fitted_share(share: float) -> None:
    # At 0.05 there are fewer fitted pixels (157) than columns (225): the minimum-norm solution is expected.
    fast = scorer(fitted_share=share)
    assert fast.reduced.overdetermined == (share > 0.1)
    image = drawings(1)
    expected = slow_difficulty(LITE.load(), image[0], fast.split)
    assert fast(image)[0] == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("method", list(ResizeMethod))
def test_equals_the_reference_for_every_resize_method_and_size(method: ResizeMethod) -> None:
    fast = scorer(resize=method, working_size=32)
    image = drawings(1, size=100)
    expected = slow_difficulty(LITE.load(), image[0], fast.split, 32, method)
    assert fast(image)[0] == pytest.approx(expected, rel=TOLERANCE)


def test_does_not_depend_on_batch_or_order() -> None:
    images, score = drawings(7), scorer()
    together = score(images)
    alone = np.concatenate([score(image[None]) for image in images])
    assert together == pytest.approx(alone, rel=1e-6)
    assert score(images.flip(0))[::-1] == pytest.approx(together, rel=1e-6)
    assert np.array_equal(together, score(images))


def test_flat_and_rank_deficient_images_score_finitely() -> None:
    white, black = torch.ones(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    half = torch.ones(1, 3, 64, 64)
    half[..., 32:] = 0
    images = torch.cat([white, black, half, drawings(1)])
    for features in (LITE, WIDE):
        scores = scorer(features)(images)
        assert np.isfinite(scores).all()
        # One colour follows from the intercept alone.
        assert scores[:2] == pytest.approx(0, abs=1e-6)
        # A flat neighbour in the batch changes nothing for the drawing.
        assert scores[3] == pytest.approx(scorer(features)(images[3:])[0], rel=1e-6)


def test_a_harder_image_scores_higher() -> None:
    smooth = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    easy, middle, hard = scorer()(torch.cat([smooth, drawings(1), noise]))
    assert easy < middle < hard


def test_minimum_norm_solution_is_that_of_the_full_matrix() -> None:
    # Stages with far more channels than cells, and fewer pixels than columns, in float64 against scikit-learn.
    generator = torch.Generator().manual_seed(0)
    size, split = 16, split_pixels(16, 0.1, seed=1)  # 26 fitted pixels, rank 36
    stages = [torch.randn(c, h, h, generator=generator, dtype=torch.float64) for c, h in ((20, 16), (300, 4))]
    colours = torch.rand(3, size, size, generator=generator, dtype=torch.float64)
    wide = torch.cat(
        [s.flatten(1) @ torch.from_numpy(upsampling_matrix(s.shape[-1], size).toarray()).T for s in stages]
    ).T.numpy()
    targets = colours.flatten(1).T.numpy()
    fit = LinearRegression().fit(wide[split.fitted], targets[split.fitted])
    expected = np.abs(fit.predict(wide[split.held_out]) - targets[split.held_out]).mean()
    assert minimum_norm_error(stages, colours, split) == pytest.approx(expected, rel=1e-6)


def test_upsampling_matrix_interpolates_linearly() -> None:
    matrix = torch.from_numpy(upsampling_matrix(2, 4).toarray())
    # With cell centres at 1/4 and 3/4, pixels at 1/8, 3/8, 5/8, 7/8 weigh the first cell 1, 3/4, 1/4, 0.
    weights = torch.tensor([1.0, 0.75, 0.25, 0.0], dtype=torch.float64)
    assert torch.allclose(matrix[:, 0], torch.outer(weights, weights).flatten())
    assert torch.allclose(matrix.sum(1), torch.ones(16, dtype=torch.float64))


def test_pixel_split_is_a_partition_with_the_given_share() -> None:
    split = split_pixels(56, 0.7, seed=0)
    assert len(split.fitted) == 2195
    together = torch.cat([split.fitted, split.held_out]).sort().values
    assert torch.equal(together, torch.arange(56 * 56))
    assert not torch.equal(split.fitted, split_pixels(56, 0.7, seed=1).fitted)


def test_resize_stays_in_range() -> None:
    checks = torch.zeros(1, 3, 8, 8)
    checks[..., ::2] = 1
    for method in ResizeMethod:
        enlarged = resize(checks, 56, method)
        assert enlarged.shape == (1, 3, 56, 56)
        assert enlarged.min() >= 0 and enlarged.max() <= 1


def test_only_the_stages_that_matter_are_built() -> None:
    fast = scorer(WIDE)
    assert fast.backbone.depth == 2
    names = {name for name, _ in fast.backbone.network.named_children()}
    assert {"layer1", "layer2"} <= names and not {"layer3", "layer4"} & names
    full = wide_resnet50_2(weights=None)
    assert sum(p.numel() for p in fast.backbone.parameters()) < sum(p.numel() for p in full.parameters()) / 5
