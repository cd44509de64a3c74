"""95 % intervals of AUCs from a stratified, paired bootstrap (Efron and Tibshirani, 1993).

Members and non-members are drawn with replacement, each group to its own size. Every column uses the same draws, so
that the difference of two columns has an interval too. Axes: R replicates, N images.

An AUC's interval is its estimate plus and minus 1.96 bootstrap standard errors on the logit scale. The percentile
interval is too short for AUCs near 1: of 600 simulated studies of 100 members and 100 non-members with a true AUC
of 0.99, it covered the true value in 90 %, the logit interval in 95 %.

If scores separate the groups perfectly, so does every replicate, and the bootstrap interval has zero width. The
bound of Clopper and Pearson is then used instead. Pair each of the n images of the smaller group with a different
image of the larger one: each pair is an independent trial that is ranked correctly with probability at most AUC, so
all n are with probability at most AUC**n, and the AUCs for which that is less than 2.5 % are ruled out.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binomtest, norm

from mia_exp.evaluation.roc import Floats, Labels, Ranking, Weights, rank

LEVEL = 0.95
# Cells of a block of resamples: bounds the memory at a few tens of megabytes.
BLOCK_CELLS = 1_000_000

# The jobs of a sweep share most columns, so the replicates of about this many are kept: tens of kilobytes each.
MAX_KEPT = 200
_kept: dict[Any, Floats] = {}

Interval = tuple[float, float]


def bootstrap(columns: Mapping[str, Floats], is_member: Labels, replicates: int, seed: int) -> dict[str, Floats]:
    """Recomputes each column's AUC on resampled images.

    Args:
        columns: By name, (N,), higher means more likely a member.
        is_member: (N,).
        replicates: Number of resamples, R.
        seed: Draws them; the result depends on the order of the rows, so sort them first.

    Returns:
        The AUC of each column on the resamples, (R,), with the same draws for all.

    Raises:
        MiaError: There is no member or no non-member.
    """
    drawn = sha256(is_member.tobytes()).digest(), replicates, seed
    keys = {name: (sha256(scores.tobytes()).digest(), *drawn) for name, scores in columns.items()}
    if len(_kept) > MAX_KEPT:
        _kept.clear()
    rankings = {keys[name]: rank(columns[name], is_member) for name in columns if keys[name] not in _kept}
    if rankings:
        _kept.update(_replicates(rankings, is_member, replicates, seed))
    return {name: _kept[keys[name]] for name in columns}


def _replicates(
    rankings: Mapping[Any, Ranking], is_member: Labels, replicates: int, seed: int
) -> dict[Any, Floats]:
    """The AUC of each ranking on the resamples, with the same draws for all."""
    parts: dict[Any, list[Floats]] = {name: [] for name in rankings}
    sizes = int(is_member.sum()), int((~is_member).sum())
    for members, nonmembers in _resamples(*sizes, replicates, np.random.default_rng(seed)):
        for name, ranking in rankings.items():
            parts[name].append(ranking.auc(members, nonmembers))
    return {name: np.concatenate(blocks) for name, blocks in parts.items()}


def auc_interval(estimate: float, replicates: Floats, smaller_group: int) -> Interval:
    """The interval of an AUC.

    Args:
        estimate: The AUC on all images, 0 to 1.
        replicates: The AUC on the resamples, (R,).
        smaller_group: Images in the smaller of the two groups.

    Returns:
        The estimate plus and minus 1.96 bootstrap standard errors on the logit scale; if it is exactly 0 or 1, the
        interval of Clopper and Pearson.
    """
    if estimate in (0.0, 1.0):
        return perfect_interval(estimate, smaller_group)
    # The delta method: d logit(a) = da / (a (1 - a)).
    half_width = norm.ppf((1 + LEVEL) / 2) * replicates.std() / (estimate * (1 - estimate))
    return float(expit(logit(estimate) - half_width)), float(expit(logit(estimate) + half_width))


def perfect_interval(estimate: float, smaller_group: int, level: float = LEVEL) -> Interval:
    """The interval of Clopper and Pearson for an AUC of exactly 0 or 1, given the size of the smaller group."""
    bound = binomtest(int(estimate) * smaller_group, smaller_group).proportion_ci(level, method="exact")
    return float(bound.low), float(bound.high)


def difference_interval(
    replicates: tuple[Floats, Floats], estimates: tuple[float, float], intervals: tuple[Interval, Interval]
) -> Interval:
    """The interval of the difference of two columns' AUC, first minus second.

    Args:
        replicates: Each column's AUC on the same resamples, (R,).
        estimates: Each column's AUC on all images.
        intervals: Each column's own interval.

    Returns:
        The 2.5 % and 97.5 % quantiles of the replicates' differences; if a column separates perfectly, the
        largest difference that is consistent with the columns' own intervals.
    """
    if any(estimate in (0.0, 1.0) for estimate in estimates):
        (first_low, first_high), (second_low, second_high) = intervals
        return first_low - second_high, first_high - second_low
    low, high = np.quantile(replicates[0] - replicates[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _resamples(
    n_members: int, n_nonmembers: int, replicates: int, rng: np.random.Generator
) -> Iterator[tuple[Weights, Weights]]:
    """Yields blocks of weights (rows, M) and (rows, K): how often each member and non-member is drawn."""
    block = max(1, BLOCK_CELLS // (n_members + n_nonmembers))
    for start in range(0, replicates, block):
        rows = min(block, replicates - start)
        yield _draw(rows, n_members, rng), _draw(rows, n_nonmembers, rng)


def _draw(rows: int, size: int, rng: np.random.Generator) -> Weights:
    """How often each of `size` images occurs in resamples of that size, drawn with replacement: (rows, size)."""
    drawn = rng.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.int32)
