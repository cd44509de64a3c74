"""The join of scores with the split: polarity, order, refusals, warnings."""

import json
import logging

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mia_exp.core.column import Column
from mia_exp.core.errors import MiaError
from mia_exp.evaluation.evaluate import evaluate
from mia_exp.evaluation.evaluation_settings import EvaluationSettings

N = 120
CONFIG = EvaluationSettings(bootstrap=200)
MEMBERS = [f"m{number:03d}" for number in range(N)]
NONMEMBERS = [f"n{number:03d}" for number in range(N)]


@pytest.fixture
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    is_member = np.arange(2 * N) < N
    difficulty = rng.gamma(8, 0.01, 2 * N)
    error = 0.05 + 0.5 * difficulty + rng.normal(0, 0.01, 2 * N) - 0.02 * is_member
    return pd.DataFrame(
        {"id": [*MEMBERS, *NONMEMBERS], "l_rec": error, "l_mem": error - 0.5 * difficulty, "difficulty": difficulty}
    )


@pytest.fixture
def blind(scores) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"id": scores["id"], "l_diff": scores.pop("difficulty"), "brightness": rng.normal(0.5, 0.1, 2 * N)}
    )


SUBTRACTED = {"l_mem": "l_diff", "l_mem_aug": "l_diff", "l_mem_multi": "l_shadow", "l_mem_vsd": "l_vsd"}


def declared(names, blind=False, deltas=(), thresholds=None):
    """Columns of these names; those named `l_*` are errors."""
    return [
        Column(
            name,
            name,
            "",
            higher_is_member=not name.startswith("l_"),
            blind=blind,
            compared_with=dict(deltas).get(name),
            subtracts=SUBTRACTED.get(name),
            threshold=(thresholds or {}).get(name),
        )
        for name in names
        if name != "id"
    ]


def run(scores, blind, *, members=MEMBERS, nonmembers=NONMEMBERS, deltas=(("l_mem", "l_rec"),), thresholds=None):
    columns = [*declared(scores.columns, False, deltas, thresholds), *declared(blind.columns, True)]
    table = pd.concat([scores.set_index("id"), blind.set_index("id").reindex(scores["id"])], axis=1)
    return evaluate(table, columns, members, nonmembers, CONFIG)


def test_errors_are_flipped_and_other_columns_are_not(scores, blind):
    is_member = np.arange(2 * N) < N
    result = run(scores.assign(classifier=-scores["l_rec"]), blind)
    assert result.attacks["l_rec"].auc == pytest.approx(roc_auc_score(is_member, -scores["l_rec"]))
    assert result.attacks["l_rec"].auc > 0.7
    assert result.attacks["classifier"] == result.attacks["l_rec"]
    assert result.blind["l_diff"].auc == pytest.approx(roc_auc_score(is_member, -blind["l_diff"]))
    assert result.blind["brightness"].auc == pytest.approx(roc_auc_score(is_member, blind["brightness"]))


def test_deltas_and_counts(scores, blind):
    result = run(scores, blind)
    delta = result.deltas["l_mem - l_rec"]
    assert delta.auc == pytest.approx(result.attacks["l_mem"].auc - result.attacks["l_rec"].auc)
    assert delta.ci95[0] < delta.auc < delta.ci95[1]
    assert (result.n_members, result.n_nonmembers) == (N, N)


def test_the_order_of_rows_and_ids_changes_nothing(scores, blind):
    expected = run(scores, blind)
    shuffled = run(
        scores.sample(frac=1, random_state=0),
        blind.sample(frac=1, random_state=1),
        members=MEMBERS[::-1],
        nonmembers=NONMEMBERS[::-1],
    )
    assert shuffled == expected


def test_ids_outside_the_split_are_ignored(scores, blind):
    shadow = pd.DataFrame({"id": ["shadow"], "l_rec": [np.nan], "l_mem": [9.0]})
    assert run(pd.concat([scores, shadow]), blind) == run(scores, blind)


def test_json_is_what_comes_back(scores, blind):
    plain = run(scores, blind).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["attacks"]["l_rec"]["tpr_at_fpr"]["0.001"] is None
    assert plain["attacks"]["l_rec"]["tpr_at_fpr_ci95"]["0.001"] is None
    assert set(plain["blind"]["l_diff"]) == {
        *plain["attacks"]["l_rec"],
        "p_value_holm",
        "separates",
    }


def test_a_null_rate_is_logged_with_its_reason(scores, blind, caplog):
    with caplog.at_level(logging.INFO):
        run(scores, blind)
    assert "TPR at FPR 0.001 is null" in caplog.text
    assert "1000 non-members" in caplog.text
    assert "FPR 0.01 is null" not in caplog.text


def test_a_random_split_has_no_warning(scores, blind):
    assert run(scores, blind).warnings == []


@pytest.mark.parametrize(("shift", "side"), [(0.08, "higher"), (-0.08, "lower")])
def test_a_blind_column_that_separates_is_warned_of_first(scores, blind, shift, side):
    blind["brightness"] += shift * (np.arange(2 * N) < N)
    result = run(scores, blind)
    assert result.blind["brightness"].separates
    assert result.warnings[0].startswith(
        "brightness alone, which never queries the model, separates members from non-members: "
        f"AUC {result.blind['brightness'].auc:.2f} ["
    )
    assert f"members have the {side} values" in result.warnings[0]


@pytest.mark.parametrize(("shift", "side", "effect"), [(0.03, "higher", "raises"), (-0.03, "lower", "lowers")])
def test_a_difference_in_difficulty_is_traced_into_l_mem(scores, blind, shift, side, effect):
    blind["l_diff"] += shift * (np.arange(2 * N) < N)
    separates, direct = run(scores, blind).warnings
    assert separates.startswith("l_diff alone")
    assert f"members have the {side} values" in separates
    assert direct.startswith(f"l_mem subtracts l_diff, of which members have the {side} values")
    assert f"{effect} its AUC directly" in direct


@pytest.mark.parametrize(
    ("attack", "subtracted"),
    [("l_mem_aug", "l_diff"), ("l_mem_multi", "l_shadow"), ("l_mem_vsd", "l_vsd")],
)
def test_every_attack_is_warned_of_what_it_subtracts(scores, blind, attack, subtracted):
    blind["brightness"] += 0.2 * (np.arange(2 * N) < N)
    tilted = blind.rename(columns={"l_diff": subtracted})
    tilted[subtracted] += 0.03 * (np.arange(2 * N) < N)
    scores[attack] = scores["l_rec"] - tilted[subtracted]
    warnings = run(scores.drop(columns="l_mem"), tilted, deltas=[(attack, "l_rec")]).warnings
    assert [warning for warning in warnings if "subtracts" in warning] == [
        f"{attack} subtracts {subtracted}, of which members have the higher values: that raises its AUC directly."
    ]


def test_only_a_column_with_a_threshold_has_an_accuracy(scores, blind):
    # One member of three and one non-member of three are on the wrong side of 0.5; a score of 0.5 is "member".
    table = pd.DataFrame({"id": ["a", "b", "c", "d", "e", "f"], "shadow_score": [0.9, 0.5, 0.2, 0.1, 0.7, 0.3]})
    result = run(
        table,
        table.rename(columns={"shadow_score": "brightness"}),
        members=["a", "b", "c"],
        nonmembers=["d", "e", "f"],
        deltas=[],
        thresholds={"shadow_score": 0.5},
    )
    assert result.attacks["shadow_score"].accuracy == pytest.approx(4 / 6)
    assert result.blind["brightness"].accuracy is None
    assert run(scores, blind).attacks["l_rec"].accuracy is None


def test_a_comparison_at_the_ceiling_is_warned_of(scores, blind):
    scores["l_rec"] -= 1.0 * (np.arange(2 * N) < N)
    (warning,) = run(scores, blind).warnings
    assert "l_rec already reaches AUC 1.0000" in warning


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_score_that_is_no_number_names_column_and_id(scores, blind, broken):
    scores.loc[3, "l_mem"] = broken
    with pytest.raises(MiaError, match="l_mem is not a finite number for 1 of 240 ids: m003"):
        run(scores, blind)


def test_a_missing_id_is_named(scores, blind):
    with pytest.raises(MiaError, match="the scores lack 1 of the 240 ids of the split: n119"):
        run(scores.iloc[:-1], blind)
    with pytest.raises(MiaError, match="l_diff is not a finite number for 1 of 240 ids: n119"):
        run(scores, blind.iloc[:-1])


def test_repeated_ids_are_named(scores, blind):
    with pytest.raises(MiaError, match="more than once: m000"):
        run(pd.concat([scores, scores.head(1)]), blind)


def test_a_column_that_is_not_there_is_refused(scores, blind):
    table = scores.set_index("id")
    with pytest.raises(MiaError, match="l_other: declared, but not among the scores"):
        evaluate(table, declared(["l_rec", "l_other"]), MEMBERS, NONMEMBERS, CONFIG)


def test_an_id_in_both_groups_is_named(scores, blind):
    with pytest.raises(MiaError, match="as members and as non-members: m000"):
        run(scores, blind, nonmembers=[*NONMEMBERS, "m000"])


def test_an_id_listed_twice_is_refused(scores, blind):
    with pytest.raises(MiaError, match="twice"):
        run(scores, blind, members=[*MEMBERS, "m000"])


def test_a_group_of_one_is_refused(scores, blind):
    with pytest.raises(MiaError, match="found 1 and 120"):
        run(scores, blind, members=MEMBERS[:1])


def test_a_comparison_with_an_unknown_column_is_refused(scores, blind):
    with pytest.raises(MiaError, match="cannot compare with l_other: the columns are l_rec, l_mem, l_diff"):
        run(scores, blind, deltas=[("l_rec", "l_other")])


def test_a_column_that_is_both_score_and_blind_is_refused(scores, blind):
    columns = [*declared(["l_rec"]), *declared(["l_rec"], blind=True)]
    with pytest.raises(MiaError, match="l_rec: declared twice"):
        evaluate(scores.set_index("id"), columns, MEMBERS, NONMEMBERS, CONFIG)


def test_a_classifier_is_evaluated_at_its_own_threshold() -> None:
    # Four of six right by hand: members at 0.9, 0.5, 0.4; non-members at 0.1, 0.3, 0.6. At 0.5 exactly: member.
    scores = pd.DataFrame(
        {"id": ["m1", "m2", "m3", "n1", "n2", "n3"], "shadow_score": [0.9, 0.5, 0.4, 0.1, 0.3, 0.6]}
    )
    scores["l_rec"] = 1 - scores["shadow_score"]
    evaluation = run(
        scores,
        scores[["id"]].assign(brightness=0.5),
        members=["m1", "m2", "m3"],
        nonmembers=["n1", "n2", "n3"],
        deltas=[("shadow_score", "l_rec")],
        thresholds={"shadow_score": 0.5},
    )
    assert evaluation.attacks["shadow_score"].accuracy == pytest.approx(4 / 6)
    assert evaluation.attacks["l_rec"].accuracy is None
    assert evaluation.blind["brightness"].accuracy is None
