"""Image statistics and their test, by hand and against scipy."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import convolve
from scipy.stats import mannwhitneyu

from mia_exp.evaluation.blind import blind_statistics, holm_p_values


def grey(values) -> np.ndarray:
    return np.repeat(np.asarray(values, dtype=np.uint8)[None, :, :, None], 3, axis=3)


def test_statistics_of_a_tiny_image_by_hand():
    # A white dot on black, 3 x 3: one pixel has four neighbours, where the Laplacian is 0 - 4.
    columns = blind_statistics(grey([[0, 0, 0], [0, 255, 0], [0, 0, 0]]))
    assert columns["brightness"] == pytest.approx([1 / 9])
    assert columns["contrast"] == pytest.approx([np.sqrt(1 / 9 * 8 / 9)])
    assert columns["laplacian_energy"] == pytest.approx([16.0])


def test_a_ramp_has_contrast_but_no_laplacian():
    columns = blind_statistics(grey([[0, 51, 102, 153]] * 4))
    assert columns["laplacian_energy"] == pytest.approx([0.0], abs=1e-20)
    assert columns["contrast"] == pytest.approx([np.std([0, 0.2, 0.4, 0.6])])


def test_statistics_are_pillows_and_scipys():
    images = np.random.default_rng(0).integers(0, 256, size=(5, 17, 23, 3), dtype=np.uint8)
    columns = blind_statistics(images)
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    for row, image in enumerate(images):
        luma = np.asarray(Image.fromarray(image).convert("L"), dtype=float) / 255
        # Pillow rounds to 8 bits.
        assert columns["brightness"][row] == pytest.approx(luma.mean(), abs=1 / 255)
        exact = image @ [0.299, 0.587, 0.114] / 255
        expected = (convolve(exact, kernel)[1:-1, 1:-1] ** 2).mean()
        assert columns["laplacian_energy"][row] == pytest.approx(expected)


def test_an_images_statistics_do_not_depend_on_the_others():
    images = np.random.default_rng(0).integers(0, 256, size=(7, 8, 8, 3), dtype=np.uint8)
    together, alone = blind_statistics(images), [blind_statistics(image[None]) for image in images]
    for name, values in together.items():
        np.testing.assert_array_equal(values, [each[name][0] for each in alone])
        assert values.dtype == np.float64


def test_holm_by_hand(monkeypatch):
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    monkeypatch.setattr("mia_exp.evaluation.blind._mann_whitney", lambda values, _: p_values[values])
    # Sorted: 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1, and never below the one before.
    expected = {"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06}
    assert holm_p_values({name: name for name in p_values}, None) == pytest.approx(expected)


def test_holm_stops_at_one(monkeypatch):
    monkeypatch.setattr("mia_exp.evaluation.blind._mann_whitney", lambda values, _: 0.7)
    assert holm_p_values({"a": None, "b": None}, None) == {"a": 1.0, "b": 1.0}


def test_one_column_has_scipys_p_value():
    values, is_member = np.random.default_rng(0).normal(size=60), np.arange(60) < 20
    expected = mannwhitneyu(values[is_member], values[~is_member]).pvalue
    assert holm_p_values({"a": values}, is_member) == {"a": pytest.approx(expected)}
    assert holm_p_values({"a": -values}, is_member) == {"a": pytest.approx(expected)}


def test_a_constant_separates_nothing():
    assert holm_p_values({"a": np.ones(20)}, np.arange(20) < 10) == {"a": 1.0}


def test_random_splits_are_rarely_called_different():
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(200):
        columns = {str(number): rng.normal(size=60) for number in range(5)}
        wrong += min(holm_p_values(columns, np.arange(60) < 30).values()) < 0.05
    # 5 % of 200 is 10; 20 has a probability below 0.2 %.
    assert wrong <= 20
