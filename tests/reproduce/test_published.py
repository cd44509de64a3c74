"""The published numbers, against a transcript of the paper's tables; what differs from the paper's setting."""

import re
from pathlib import Path
from typing import Any

import pytest

from mia_exp.reproduce.estimates import estimate
from mia_exp.reproduce.published import CASES, PUBLISHED, Published
from mia_exp.reproduce.runs import Run
from mia_exp.reproduce.setting import differences, place
from mia_exp.reproduce.statistics import auc
from tests.reproduce.made_results import COLUMNS, metrics, scores

PAPER = Path(__file__).parents[2].parent / "shared/PAPER.md"
ROWS = {
    "L_rec (Table 1)": ("l_rec",),
    "L_mem = Ours-base (Tables 1, 4)": ("l_mem",),
    "Ours-Aug (Table 4)": ("l_mem_aug",),
    "Supervised difficulty (Table 2)": ("l_mem_vsd",),
    "Multi-image, in distribution (Table 2)": ("l_mem_multi",),
    "Multi-image, BDD (Table 2)": ("l_mem_multi_bdd",),
    "Shadow-100, ROC / accuracy (Table 3)": ("shadow_score", "shadow_accuracy"),
    "Shadow-BDD, ROC / accuracy (Table 3)": ("shadow_score_bdd", "shadow_accuracy_bdd"),
}


@pytest.mark.skipif(not PAPER.is_file(), reason="needs shared/PAPER.md")
def test_every_number_is_the_digests() -> None:
    lines = re.findall(r"^\| (.+?) \|(.+)\|$", PAPER.read_text(), flags=re.MULTILINE)
    found = {name: values.split("|") for name, values in lines if name in ROWS}
    assert found.keys() == ROWS.keys()
    for name, values in found.items():
        for case, value in zip(CASES, values, strict=True):
            numbers = [float(number) for number in re.findall(r"\d+\.\d+", value)]
            # Where tables disagree, the digest's table has the first.
            ours = [PUBLISHED[row][case][0].value for row in ROWS[name] if case in PUBLISHED[row]]
            assert ours == numbers, (name, case)


@pytest.mark.skipif(not PAPER.is_file(), reason="needs shared/PAPER.md")
def test_where_the_tables_disagree_all_values_are_kept() -> None:
    sentence = PAPER.read_text().partition("The tables disagree")[2].partition("Record them all")[0]
    wanted = [float(number) for number in re.findall(r"\d+\.\d+", sentence)]
    kept = [
        number.value
        for dataset in ("maps2sat", "cityscapes")
        for number in PUBLISHED["l_mem"]["pix2pixhd", dataset]
    ]
    assert kept == wanted


def run(column: str, **settings: Any) -> list[str]:
    """What differs from the paper's setting in a run that is the paper's but for some settings."""
    return differences(Run("table1", {}, metrics(**settings), 0, Path()), column)


LIKE_THE_PAPER = {"victim": "pix2pixhd", "victim__image_size": 256, "split__members": 400}


def test_nothing_differs_only_in_the_papers_own_setting() -> None:
    assert run("l_mem", **LIKE_THE_PAPER) == []
    assert run("l_mem", **{**LIKE_THE_PAPER, "split__members": 100}) == ["pairs: 100 (400)"]
    # Whether pix2pix was queried with live dropout is not published.
    assert run("l_rec", **{**LIKE_THE_PAPER, "victim": "pix2pix"}) == ["queries: eval mode (not published)"]
    assert run("l_mem_aug", **LIKE_THE_PAPER) == ["variants: 8 (not published)"]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("split", "random", "random split (official)"),
        ("victim__image_size", 64, "pixels: 64 (256)"),
        ("victim__ngf", 16, "generator width: 16 (64)"),
        ("victim__ndf", 16, "discriminator width: 16 (64)"),
        ("victim__blocks", 4, "residual blocks: 4 (9)"),
        ("victim__downsamplings", 3, "downsamplings: 3 (4)"),
        ("victim__epochs", 8, "epochs: 8 (200)"),
        ("victim__decay_epochs", 0, "epochs with a falling learning rate: 0 (half of them)"),
        ("victim__batch_size", 4, "batch size: 4 (1)"),
        ("victim__learning_rate", 4e-4, "learning rate: 0.0004 (0.0002)"),
        ("victim__perceptual", "none", "perceptual network: none (vgg19)"),
        ("victim__one_hot_labels", False, "one-hot labels: False (True)"),
        ("features__kind", "efficientnet_lite0", "features: efficientnet_lite0 (wide_resnet50_2)"),
        ("attack__alpha", 1.0, "alpha: 1 (0.5)"),
    ],
)
def test_whatever_differs_is_said(setting: str, value: Any, said: str) -> None:
    assert run("l_mem", **{**LIKE_THE_PAPER, setting: value}) == [said]


def test_what_a_column_does_not_depend_on_is_not_said_of_it() -> None:
    # No network of features, and no alpha, has a part in L_rec.
    features = {"features__kind": "efficientnet_lite0", "attack__alpha": 1.0}
    assert run("l_rec", **LIKE_THE_PAPER, **features) == []
    shadow = {"shadow__n_pairs": 9}
    assert run("l_mem", **LIKE_THE_PAPER, **shadow) == []
    assert run("l_mem_multi", **LIKE_THE_PAPER, **shadow, **features) == ["shadow pairs: 9 (100)"]
    other = {"shadow__n_pairs": 100, "shadow__dataset": {"name": "bdd100k"}}
    assert run("shadow_score", **LIKE_THE_PAPER, **other) == ["shadow pairs: 100 (4000)"]


def test_the_papers_own_weights_and_instances_are_named() -> None:
    said = run("l_mem", **{**LIKE_THE_PAPER, "dataset": "cityscapes", "split__members": 2975})
    assert said == ["trained from scratch (released weights)", "no instance maps (instance maps)"]


def test_a_number_is_placed_by_our_interval() -> None:
    table = scores(100, 0, l_rec=1.5).set_index("id")
    found = estimate({0: table, 1: scores(100, 1, l_rec=1.5).set_index("id")}, auc("l_rec", COLUMNS), "facades")
    low, high = (100 * end for end in found.interval())
    assert place(Published(high + 0.1, "Table 1"), found) == "below"
    assert place(Published(low - 0.1, "Table 1"), found) == "above"
    assert place(Published(100 * found.value, "Table 1"), found) == "inside the interval"
