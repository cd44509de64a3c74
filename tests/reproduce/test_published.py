"""The published numbers, against a transcript of the paper's tables; verdicts by hand."""

import re
from pathlib import Path

import pytest

from mia_exp.reproduce.published import CASES, PUBLISHED, Published
from mia_exp.reproduce.verdict import differences, place, verdict

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


def run(side: int = 256, backbone: str = "wide_resnet50_2", members: int = 400, split: str = "official") -> dict:
    return {
        "dataset": "facades",
        "victim": {"image_size": side},
        "features": {"backbone": backbone},
        "split": {"members": members, "kind": split},
        "attacks": {
            "l_rec": {"auc": 0.93, "auc_ci95": [0.91, 0.95]},
            "l_mem": {"auc": 0.9, "auc_ci95": [0.85, 0.92]},
        },
    }


def test_a_number_is_placed_by_our_interval() -> None:
    result = {"auc": 0.93, "auc_ci95": [0.91, 0.95]}
    assert place(Published(93.39, "Table 1"), result) == "inside the interval"
    assert place(Published(95.01, "Table 1"), result) == "below"
    assert place(Published(90.99, "Table 1"), result) == "above"
    assert place(Published(64.0, "Table 3", "accuracy"), {"accuracy": 0.75}) == "above"


def test_a_run_like_the_papers_is_compared() -> None:
    assert verdict(Published(93.39, "Table 1"), run(), "l_rec") == "inside the interval"
    assert verdict(Published(96.62, "Table 1"), run(), "l_mem") == "below"


def test_what_sets_a_run_apart_is_said() -> None:
    assert differences(run(side=64, backbone="efficientnet_lite0", members=100, split="random"), "l_mem") == [
        "64 px",
        "features of efficientnet_lite0",
        "100 members",
        "random split",
    ]
    # Results call the network by what a command line calls it; older ones have no other word than `backbone`.
    named = run() | {"features": {"kind": "efficientnet_lite0"}}
    assert differences(named, "l_mem") == ["features of efficientnet_lite0"]
    with pytest.raises(KeyError, match="backbone"):
        differences(run() | {"features": {}}, "l_mem")
    # No network of features has a part in L_rec.
    assert differences(run(backbone="efficientnet_lite0"), "l_rec") == []
    words = verdict(Published(96.62, "Table 1"), run(members=100), "l_mem")
    assert words == "below; not comparable: 100 members"
