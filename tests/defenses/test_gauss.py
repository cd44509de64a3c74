"""The Gauss defense: its noise is what it says, and belongs to the image alone."""

import numpy as np
import pytest
import torch

from mia_exp.config import DefenseConfig
from mia_exp.defenses import defended
from mia_exp.defenses.gauss import gauss


def grey(x: torch.Tensor) -> torch.Tensor:
    return torch.full((len(x), 3, *x.shape[2:]), 0.5)


def images(count: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((count, 3, 64, 64), dtype=np.float32))


def test_noise_has_mean_zero_and_the_standard_deviation_asked_for() -> None:
    noise = gauss(grey, 0.05, 0)(images(8)) - 0.5
    values = noise.numel()
    # Four standard errors of a mean and of a standard deviation.
    assert abs(float(noise.mean())) < 4 * 0.05 / values**0.5
    assert float(noise.std()) == pytest.approx(0.05, abs=4 * 0.05 / (2 * values) ** 0.5)


def test_the_same_image_gets_the_same_noise_in_any_batch_and_order() -> None:
    query, x = gauss(grey, 0.1, 0), images(4)
    together = query(x)
    assert torch.equal(together, query(x)), "asking twice must not average the noise away"
    assert torch.equal(together, query(x.flip(0)).flip(0))
    assert torch.equal(together, torch.cat([query(image.unsqueeze(0)) for image in x]))


def test_other_images_and_other_seeds_get_other_noise() -> None:
    x = images(2)
    answers = gauss(grey, 0.1, 0)(x)
    assert not torch.allclose(answers[0], answers[1], atol=0.01)
    assert not torch.allclose(answers, gauss(grey, 0.1, 1)(x), atol=0.01)


def test_answers_stay_in_range_and_leave_the_global_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    answers = gauss(lambda x: torch.ones_like(x), 0.5, 0)(images(1))
    assert answers.min() >= 0 and answers.max() <= 1
    assert torch.equal(torch.rand(1), expected)


def test_no_noise_and_no_defense_change_nothing() -> None:
    x = images(2)
    assert torch.equal(gauss(grey, 0.0, 0)(x), grey(x))
    assert defended(grey, DefenseConfig()) is grey
    assert not torch.equal(defended(grey, DefenseConfig("gauss", 0.1))(x), grey(x))


def test_an_input_with_instance_boundaries_is_answered_in_three_channels() -> None:
    assert gauss(grey, 0.1, 0)(torch.rand(1, 4, 8, 8)).shape == (1, 3, 8, 8)
