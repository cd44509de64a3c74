"""The words: what they claim and what they do not."""

import pytest

from mia_exp.report.answer import (
    answer,
    attack_rows,
    blind_rows,
    header,
    percent,
    question,
    rate_notes,
    with_interval,
)
from tests.report.conftest import make_run


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.912, (0.871, 0.943), "0.91 [0.87, 0.94]"),
        # 1.00 would claim what was not measured.
        (0.9987, (0.991, 0.9998), "0.9987 [0.9910, 0.9998]"),
        (0.998, (0.991, 0.999), "0.998 [0.991, 0.999]"),
        (1.0, (0.964, 1.0), "1.00 [0.96, 1.00]"),
        (0.99999, (0.99, 1.0), "1.0000 [0.9900, 1.0000]"),
        (0.0, (0.0, 0.03), "0.00 [0.00, 0.03]"),
    ],
)
def test_a_number_keeps_its_distance_from_0_and_1(value, interval, text):
    assert with_interval(value, interval) == text


def test_a_difference_has_a_sign():
    assert with_interval(-0.021, (-0.052, 0.013), signed=True) == "−0.02 [−0.05, +0.01]"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.01, "1 %"),
        (0.001, "0.1 %"),
        (0.235, "24 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.999, "99.9 %"),
        (0.5, "50 %"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


def test_the_question_names_dataset_victim_and_split(drawn_run):
    text = question(drawn_run.metrics)
    for word in ("drawings", "pix2pix", "40 members", "40 non-members", "random split"):
        assert word in text


def test_without_a_model_the_question_is_another():
    metrics = make_run(40, attack="difficulty").metrics
    assert question(metrics) == (
        "Do members and non-members of drawings differ in difficulty? 40 members and 40 non-members of a random "
        "split were scored; no model was queried."
    )
    assert answer(metrics).startswith("L_diff alone does not separate the two groups: AUC 0.")


@pytest.mark.parametrize(("low", "high", "told"), [(0.55, 0.7, True), (0.3, 0.45, True), (0.45, 0.55, False)])
def test_difficulty_tells_groups_apart_on_either_side_of_chance(low, high, told):
    metrics = make_run(40, attack="difficulty").metrics
    metrics["attacks"]["l_diff"] |= {"auc": (low + high) / 2, "auc_ci95": [low, high]}
    assert ("alone separates the two groups" in answer(metrics)) == told


def test_the_accuracy_stands_where_a_column_has_one():
    metrics = make_run(40, attack="shadow").metrics
    assert header(metrics)[-1] == "accuracy at its threshold"
    rows = {row.name: row.cells for row in attack_rows(metrics)}
    assert len(rows["shadow classifier"]) == len(header(metrics)) == len(rows["L_rec"]) + 1
    assert rows["shadow classifier"][-1] == f"{metrics['attacks']['shadow_score']['accuracy']:.2f}"


def test_the_answer_is_the_strongest_attack(drawn_run):
    attacks = drawn_run.metrics["attacks"]
    assert attacks["l_mem"]["auc"] > attacks["l_rec"]["auc"]
    text = answer(drawn_run.metrics)
    assert with_interval(attacks["l_mem"]["auc"], attacks["l_mem"]["auc_ci95"]) + " (L_mem)" in text
    assert f"at 10 % FPR, {percent(attacks['l_mem']['tpr_at_fpr']['0.1'])} of the members are found" in text


def test_chance_is_not_called_safe(tight_run):
    text = answer(tight_run.metrics)
    assert text.startswith("By AUC, no attack here separates members from non-members better than chance")
    assert "at 10 % FPR" in text
    assert "another attack may be stronger" in text


def test_an_answer_without_any_rate(drawn_run):
    for result in drawn_run.metrics["attacks"].values():
        result["tpr_at_fpr"] = dict.fromkeys(result["tpr_at_fpr"])
    assert answer(drawn_run.metrics).endswith("(L_mem).")
    assert header(drawn_run.metrics) == ["AUC", "balanced accuracy"]
    assert {len(row.cells) for row in attack_rows(drawn_run.metrics)} == {2}


def test_rates_that_few_images_carry_are_noted(drawn_run):
    rough, absent = rate_notes(drawn_run.metrics)
    assert rough.startswith("10 % FPR allows 4 of the 40 non-members as false positives")
    assert absent == "40 non-members are too few to measure a TPR at 1 % FPR."


def test_the_blind_row_that_separates_is_marked_and_first(confounded_run):
    first, second = blind_rows(confounded_run.metrics)
    assert (first.name, first.separates) == ("brightness", True)
    assert (second.name, second.separates) == ("L_diff", False)
