"""Sizes that a model takes, and that pix2pixHD's generator takes those that it declares."""

import pytest
import torch

from mia_exp.core.image_sizes import ImageSizes
from mia_exp.data import InputLayout
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD


def test_multiples_between_two_bounds() -> None:
    sizes = ImageSizes(16, 32, 80)
    assert [side for side in range(200) if sizes.accepts(side)] == [32, 48, 64, 80]
    asked = {1: 32, 39.9: 32, 40.1: 48, 64: 64, 71.5: 64, 72.5: 80, 500: 80}
    assert {side: sizes.nearest(side) for side in asked} == asked
    assert str(sizes) == "multiples of 16 pixels from 32 to 80"


def test_one_side_alone() -> None:
    sizes = ImageSizes.only(64)
    assert [side for side in range(200) if sizes.accepts(side)] == [64]
    assert {sizes.nearest(side) for side in (1, 72, 128, 1000)} == {64}
    assert str(sizes) == "only 64 pixels"


def test_a_victim_answers_its_own_size_unless_it_says_more() -> None:
    assert Pix2Pix(image_size=128).query_sizes == ImageSizes.only(128)


@pytest.mark.parametrize("enhancer", [False, True])
@pytest.mark.parametrize("downsamplings", [1, 2, 4])
def test_pix2pixhd_answers_the_sizes_that_it_declares_and_no_others(downsamplings: int, enhancer: bool) -> None:
    victim = Pix2PixHD(
        image_size=64, ngf=2, blocks=1, downsamplings=downsamplings, local_enhancer=enhancer, perceptual="none"
    )
    generator = victim.build_generator(InputLayout()).eval()

    @torch.inference_mode()
    def answers(side: int) -> bool:
        try:
            outputs = generator(torch.rand(1, 3, side, side))
        except (RuntimeError, ValueError):
            return False
        return outputs.shape == (1, 3, side, side) and bool(outputs.isfinite().all())

    sides = range(1, 2 * victim.query_sizes.step + 34)
    assert [side for side in sides if answers(side)] == [side for side in sides if victim.query_sizes.accepts(side)]
