"""Every column that a run can have is named in words."""

import pytest
from matplotlib.mathtext import MathTextParser

from mia_exp.report.labels import math_title, meaning, title

COLUMNS = [
    *("l_rec", "l_mem", "l_rec_aug", "l_mem_aug", "l_mem_multi", "l_mem_vsd", "shadow_score"),
    *("l_diff", "l_shadow", "l_vsd", "brightness", "contrast", "laplacian_energy", "file_size"),
]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_has_a_title_that_can_be_set_and_a_meaning(column):
    assert title(column) and meaning(column)
    MathTextParser("agg").parse(math_title(column))


def test_names_and_meanings_are_told_apart():
    assert len({title(column) for column in COLUMNS}) == len(COLUMNS)
    assert len({meaning(column) for column in COLUMNS}) == len(COLUMNS)


@pytest.mark.parametrize(
    ("column", "words", "mathematics"),
    [
        ("l_rec", "L_rec", r"$L_{\mathrm{rec}}$"),
        ("l_mem_aug", "L_mem,aug", r"$L_{\mathrm{mem,aug}}$"),
        ("shadow_score", "shadow classifier", "shadow classifier"),
        ("my_own_score", "my own score", "my own score"),
    ],
)
def test_titles(column, words, mathematics):
    assert (title(column), math_title(column)) == (words, mathematics)
