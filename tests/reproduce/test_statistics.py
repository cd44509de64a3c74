"""The statistics of the claims, against scikit-learn, scipy and numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from mia_exp.reproduce.statistics import (
    Statistic,
    auc,
    average,
    best_line,
    correlation,
    difference,
    hard_to_easy,
    largest,
    smallest,
    spread,
)
from tests.reproduce.made_results import COLUMNS, scores

TABLE = scores(30, l_rec=1.0, l_mem=1.5, shadow_score=0.7).set_index("id")
WEIGHTS = np.random.default_rng(1).poisson(1.0, (20, 60)).astype(np.int32)


def repeated(table: pd.DataFrame, counts: np.ndarray) -> pd.DataFrame:
    """The table with each row as often as it was drawn: the slow form of weights."""
    return table.loc[np.repeat(table.index, counts)]


def on_weights(statistic: Statistic) -> np.ndarray:
    return statistic.of(TABLE, WEIGHTS)


def test_an_auc_reads_higher_is_member_and_weights_are_repetitions() -> None:
    # L_rec is lower for members, the classifier's score higher.
    for name, sign in (("l_rec", -1), ("shadow_score", 1)):
        statistic = auc(name, COLUMNS)
        assert statistic.value(TABLE) == pytest.approx(roc_auc_score(TABLE["member"], sign * TABLE[name]))
        assert statistic.value(TABLE) > 0.6
        slow = [
            roc_auc_score(drawn["member"], sign * drawn[name])
            for drawn in (repeated(TABLE, counts) for counts in WEIGHTS)
        ]
        assert on_weights(statistic) == pytest.approx(slow)


def test_a_best_line_is_the_best_of_all_thresholds() -> None:
    def slow(table: pd.DataFrame) -> float:
        thresholds = [*table["l_mem"], np.inf, -np.inf]
        return max(balanced_accuracy_score(table["member"], table["l_mem"] <= line) for line in thresholds)

    statistic = best_line("l_mem", COLUMNS)
    assert statistic.value(TABLE) == pytest.approx(slow(TABLE))
    assert on_weights(statistic) == pytest.approx([slow(repeated(TABLE, counts)) for counts in WEIGHTS])
    # Ties stay on one side: (1, 1, 2 | 1, 2, 2) has 2/3 and 2/3 at best.
    tied = pd.DataFrame({"member": [True] * 3 + [False] * 3, "l_mem": [1.0, 1, 2, 1, 2, 2]})
    assert statistic.value(tied) == pytest.approx(2 / 3)


def test_a_correlation_is_pearsons() -> None:
    statistic = correlation("l_rec", "l_mem", COLUMNS)
    slow = [pearsonr(drawn["l_rec"], drawn["l_mem"]).statistic for drawn in (repeated(TABLE, c) for c in WEIGHTS)]
    assert on_weights(statistic) == pytest.approx(slow, abs=1e-6)


def test_hard_to_easy_compares_quarters_of_the_members() -> None:
    # Eight members, the two hardest with error 6 and 8, the two easiest with 1 and 3; non-members do not count.
    table = pd.DataFrame(
        {
            "member": [True] * 8 + [False] * 4,
            "l_diff": [1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9.0],
            "l_rec": [1, 3, 9, 9, 9, 9, 6, 8, 100, 100, 100, 100.0],
        }
    )
    statistic = hard_to_easy("l_rec", "l_diff")
    assert statistic.value(table) == pytest.approx(7 / 2)
    drawn = np.array([[2, 0, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1]], dtype=np.int32)
    assert statistic.of(table, drawn) == pytest.approx([(6 + 3 * 8) / 4])
    # Without the easiest quarter: 7 / 2 as it is.
    drawn = np.array([[0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]], dtype=np.int32)
    assert statistic.of(table, drawn) == pytest.approx([7 / 2])


def test_statistics_are_combined_image_by_image() -> None:
    first, second = auc("l_mem", COLUMNS), auc("l_rec", COLUMNS)
    of_first, of_second = on_weights(first), on_weights(second)
    assert on_weights(difference(first, second)) == pytest.approx(of_first - of_second)
    assert on_weights(average([first, second], "")) == pytest.approx((of_first + of_second) / 2)
    assert on_weights(largest([first, second], "")) == pytest.approx(np.maximum(of_first, of_second))
    assert on_weights(smallest([first, second], "")) == pytest.approx(np.minimum(of_first, of_second))
    # Of two numbers, half their distance times the root of two.
    assert on_weights(spread([first, second], "")) == pytest.approx(abs(of_first - of_second) / np.sqrt(2))
