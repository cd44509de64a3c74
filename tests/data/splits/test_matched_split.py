"""The matched split: it balances what it is given, and stays a random split in all else."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, chisquare, mannwhitneyu
from sklearn.metrics import roc_auc_score

from mia_exp.core.errors import ConfigError, DataError
from mia_exp.data import Pool, Record, Split
from mia_exp.data.splits.matched_split import MatchedSplit
from mia_exp.data.splits.random_split import RandomSplit

IDS = [f"p{number}" for number in range(60)]
RECORDS = [Record(id, "all", 1) for id in IDS]
N = 20


def statistics() -> pd.DataFrame:
    """Four dependent, skewed statistics, one of them with ties."""
    rng = np.random.default_rng(5)
    base = rng.exponential(size=60)
    columns = {
        "brightness": base,
        "contrast": base + rng.exponential(size=60),
        "laplacian_energy": rng.exponential(size=60) ** 3,
        "file_size": rng.integers(5, size=60).astype(float),
    }
    return pd.DataFrame(columns, index=IDS)


TABLE = statistics()


def matched(seed: int, statistics: Callable[[], pd.DataFrame] | None = lambda: TABLE, **settings: float) -> Split:
    rule = MatchedSplit(seed=seed, n_members=N, **settings)  # type: ignore[arg-type]
    return rule.draw(Pool(RECORDS, statistics=statistics))


def areas(split: Split, table: pd.DataFrame = TABLE) -> np.ndarray:
    labels = [True] * len(split.members) + [False] * len(split.nonmembers)
    scores = table.loc[[*split.members, *split.nonmembers]]
    return np.array([roc_auc_score(labels, scores[name]) for name in scores])


def test_it_balances_what_a_random_split_leaves_to_chance() -> None:
    found = np.stack([areas(matched(seed)) for seed in range(40)])
    by_chance = np.stack([areas(RandomSplit(seed, N).draw(Pool(RECORDS))) for seed in range(40)])
    # The standard deviation of a random split's AUC at 20 + 20, sqrt(41 / (12 * 400)), is 0.092.
    assert by_chance.std(axis=0).min() > 0.06 and found.std(axis=0).max() < 0.035
    assert abs(found - 0.5).max() < 0.1


def test_the_distance_is_that_of_the_ranks_means() -> None:
    split = matched(0, acceptance=0.05)
    assert split.balance is not None
    ranks = TABLE.rank()
    difference = ranks.loc[list(split.members)].mean() - ranks.loc[list(split.nonmembers)].mean()
    expected = N / 2 * difference @ np.linalg.inv(ranks.cov()) @ difference
    assert split.balance.distance == pytest.approx(expected)
    assert split.balance.bound == pytest.approx(chi2.ppf(0.05, 4)) and expected <= split.balance.bound


def test_as_many_random_splits_are_accepted_as_stated() -> None:
    tries = []
    for seed in range(100):
        balance = matched(seed, acceptance=0.1).balance
        assert balance is not None
        assert balance.described()["acceptance_rate"] == 1 / balance.tries
        tries.append(balance.tries)
    # The mean of a geometric distribution is 1 / p, its standard deviation about the same.
    assert np.mean(tries) == pytest.approx(10, abs=3 * 10 / np.sqrt(100))


def test_labels_stay_exchangeable_among_accepted_splits() -> None:
    splits = [matched(seed, acceptance=0.1) for seed in range(300)]
    member, nonmember = (
        Counter(id for split in splits for id in getattr(split, name)) for name in ("members", "nonmembers")
    )
    # An image is as often a member as a non-member ...
    counts = np.array([[member[id], nonmember[id]] for id in IDS])
    expected = counts.sum(1, keepdims=True) / 2
    statistic = float(((counts - expected) ** 2 / expected).sum())
    assert chi2.sf(statistic, len(IDS)) > 0.001
    assert chisquare([member[id] for id in IDS]).pvalue > 0.001
    # ... so that no function of an image separates them, however it depends on what was balanced.
    rng = np.random.default_rng(0)
    scores = pd.DataFrame({"square": (TABLE["brightness"] - 1) ** 2, "other": rng.normal(size=60)}, index=IDS)
    found = np.stack([areas(split, scores) for split in splits])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(splits))
    assert (abs(found.mean(axis=0) - 0.5) < 3.5 * error).all()
    # A score that knows nothing of membership: its p-values are uniform.
    p_values = []
    for split in splits:
        groups = (scores["other"].loc[list(part)] for part in (split.members, split.nonmembers))
        p_values.append(mannwhitneyu(*groups).pvalue)
    assert np.mean(np.array(p_values) < 0.1) == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / len(splits)))


def test_it_is_a_split_of_its_own_kind_that_keeps_its_record() -> None:
    split = matched(3)
    assert split.kind == "matched" and split.seed == 3 and len(set(split.members) | set(split.nonmembers)) == 2 * N
    assert Split.from_json(split.to_json()) == split == matched(3) != matched(4)
    # The listing's order plays no part, nor do statistics that are the same for all images.
    constant = TABLE.assign(file_size=7.0)
    assert matched(3, lambda: constant).balance != split.balance
    assert areas(matched(3, lambda: constant))[:3] == pytest.approx(0.5, abs=0.1)
    shuffled = MatchedSplit(seed=3, n_members=N).draw(Pool(RECORDS[::-1], statistics=lambda: TABLE.iloc[::-1]))
    assert shuffled == split


def test_what_cannot_be_matched_is_said() -> None:
    with pytest.raises(DataError, match=r"split=matched: the statistics of the images are not known"):
        matched(0, None)
    with pytest.raises(DataError, match=r"split=matched: expected 42 pairs or more"):
        MatchedSplit(n_members=21).draw(Pool(RECORDS[:41], statistics=lambda: TABLE))
    with pytest.raises(ConfigError, match=r"split\.acceptance=0: expected a share"):
        MatchedSplit(acceptance=0)
    # Two members and two non-members of four pairs, none of whose six splits is balanced.
    few = pd.DataFrame({"brightness": [0.0, 1.0, 2.0, 9.0]}, index=IDS[:4])
    rule = MatchedSplit(acceptance=0.0001)
    assert rule.draw(Pool(RECORDS[:4], statistics=lambda: few)).balance
    uneven = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 5.0, 2.0, 1.0]}, index=IDS[:4])
    with pytest.raises(DataError, match=r"none of 2000 random splits has a Mahalanobis distance of 0\.02"):
        MatchedSplit(acceptance=0.01).draw(Pool(RECORDS[:4], statistics=lambda: uneven))
