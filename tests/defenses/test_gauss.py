"""The Gauss defense: distribution of the noise, which depends only on the image."""

import numpy as np
import pytest
import torch

from mia_exp.defenses.gauss import Gauss
from mia_exp.defenses.no_defense import NoDefense


def grey(x: torch.Tensor) -> torch.Tensor:
    return torch.full((len(x), 3, *x.shape[2:]), 0.5)


def images(count: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((count, 3, 64, 64), dtype=np.float32))


def test_noise_has_mean_zero_and_the_given_standard_deviation() -> None:
    noise = Gauss(0.05, 0).wrap(grey)(images(8)) - 0.5
    values = noise.numel()
    # Four standard errors of a mean and of a standard deviation.
    assert abs(float(noise.mean())) < 4 * 0.05 / values**0.5
    assert float(noise.std()) == pytest.approx(0.05, abs=4 * 0.05 / (2 * values) ** 0.5)


def test_the_same_image_gets_the_same_noise_in_any_batch_and_order() -> None:
    query, x = Gauss(0.1, 0).wrap(grey), images(4)
    together = query(x)
    assert torch.equal(together, query(x)), "asking twice must not average the noise away"
    assert torch.equal(together, query(x.flip(0)).flip(0))
    assert torch.equal(together, torch.cat([query(image.unsqueeze(0)) for image in x]))


def test_other_images_and_other_seeds_get_other_noise() -> None:
    x = images(2)
    outputs = Gauss(0.1, 0).wrap(grey)(x)
    assert not torch.allclose(outputs[0], outputs[1], atol=0.01)
    assert not torch.allclose(outputs, Gauss(0.1, 1).wrap(grey)(x), atol=0.01)


def test_outputs_stay_in_range_and_leave_the_global_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    outputs = Gauss(0.5, 0).wrap(lambda x: torch.ones_like(x))(images(1))
    assert outputs.min() >= 0 and outputs.max() <= 1
    assert torch.equal(torch.rand(1), expected)


def test_no_noise_and_no_defense_change_nothing() -> None:
    x = images(2)
    assert torch.equal(Gauss(0.0, 0).wrap(grey)(x), grey(x))
    assert NoDefense().wrap(grey) is grey
    assert not torch.equal(Gauss(0.1).wrap(grey)(x), grey(x))


def test_an_input_with_instance_boundaries_has_an_output_of_three_channels() -> None:
    assert Gauss(0.1, 0).wrap(grey)(torch.rand(1, 4, 8, 8)).shape == (1, 3, 8, 8)
