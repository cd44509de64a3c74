"""ROC curves and their statistics; a higher score means more likely a member.

A column is ranked once. Its AUC is then a sum over the ranking, for the original images or for many resamples at
once, by the same code. Axes: R resamples, N images, M members, K non-members, T thresholds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mia_exp.core.errors import MiaError
from mia_exp.core.seeds import shuffled

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Weights = NDArray[np.int32]
Labels = NDArray[np.bool_]

# The floating-point product fpr * n may miss an integer: 0.07 * 100 = 7.000000000000001.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Ranking:
    """The ranks of the members among the non-members.

    Attributes:
        members: The members by descending score, as indices into the group, (M,).
        nonmembers: The non-members by descending score, (K,).
        above: Number of members that score higher than each of `nonmembers`, (K,).
        at_least: Number of members that score higher or equal, (K,).
    """

    members: Counts
    nonmembers: Counts
    above: Counts
    at_least: Counts

    def auc(self, members: Weights, nonmembers: Weights) -> Floats:
        """The AUC of resamples: the probability that a member scores higher than a non-member, a tie counting half.

        Args:
            members: How often each member occurs, (R, M), in the order of the group; at least one of them does.
            nonmembers: How often each non-member occurs, (R, K); at least one of them does.

        Returns:
            (R,), 0 to 1.
        """
        # true_positives[:, k]: members among the k highest-scoring members. 32 bits hold a resample's counts and
        # are half the memory to move; their products are summed in 64.
        true_positives = np.zeros((len(members), len(self.members) + 1), dtype=np.int32)
        np.cumsum(np.take(members, self.members, axis=1), axis=1, out=true_positives[:, 1:])
        weights = np.take(nonmembers, self.nonmembers, axis=1)

        doubled = 2 * np.einsum("rk,rk->r", weights, np.take(true_positives, self.above, axis=1), dtype=np.int64)
        tied = np.flatnonzero(self.at_least != self.above)
        if len(tied):
            ties = true_positives[:, self.at_least[tied]] - true_positives[:, self.above[tied]]
            doubled += np.einsum("rk,rk->r", weights[:, tied], ties, dtype=np.int64)
        n_members, n_nonmembers = true_positives[:, -1].astype(np.int64), weights.sum(axis=1, dtype=np.int64)
        area: Floats = doubled / (2 * n_members * n_nonmembers)
        return area


def rank(scores: Floats, is_member: Labels) -> Ranking:
    """Ranks a column.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).

    Raises:
        MiaError: There is no member or no non-member.
    """
    _check_both_groups(is_member)
    members, nonmembers = scores[is_member], scores[~is_member]
    descending = np.argsort(-nonmembers, kind="stable")
    ascending = np.sort(members)
    return Ranking(
        members=np.argsort(-members, kind="stable"),
        nonmembers=descending,
        above=len(members) - np.searchsorted(ascending, nonmembers[descending], side="right"),
        at_least=len(members) - np.searchsorted(ascending, nonmembers[descending], side="left"),
    )


@dataclass(frozen=True)
class RocCurve:
    """The true-positive and false-positive rates at each threshold.

    An image is classified as a member if its score is at least the threshold. Thresholds are infinity and the
    distinct scores in descending order, so that tied images are always classified alike.

    Attributes:
        tpr: True-positive rate at each threshold, (T,), from 0 to 1.
        fpr: False-positive rate at each threshold, (T,), from 0 to 1.
        thresholds: (T,), descending from infinity.
    """

    tpr: Floats
    fpr: Floats
    thresholds: Floats


def roc_curve(scores: Floats, is_member: Labels) -> RocCurve:
    """The points of the curve.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).

    Raises:
        MiaError: There is no member or no non-member.
    """
    _check_both_groups(is_member)
    order = np.argsort(scores)[::-1]
    descending = scores[order]
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
    true_positives = np.append(0, is_member[order].cumsum()[ends])
    false_positives = np.append(0, ends + 1) - true_positives
    thresholds = np.append(np.inf, descending[ends])
    return RocCurve(true_positives / true_positives[-1], false_positives / false_positives[-1], thresholds)


def auc(scores: Floats, is_member: Labels) -> float:
    """Area under the ROC curve (Mann-Whitney: exact ties count half).

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).

    Returns:
        0 to 1; 0.5 is chance.

    Raises:
        MiaError: There is no member or no non-member.
    """
    ranking = rank(scores, is_member)
    # One resample, in which each image occurs once.
    members, nonmembers = (np.ones((1, len(group)), np.int32) for group in (ranking.members, ranking.nonmembers))
    return float(ranking.auc(members, nonmembers)[0])


def tpr_at_fpr(scores: Floats, is_member: Labels, fpr: float) -> float | None:
    """The true-positive rate at a false-positive rate of at most `fpr`.

    The largest empirical true-positive rate over the thresholds whose empirical false-positive rate is at most
    `fpr`, without interpolation; tied images are on the same side of a threshold. Recommended by Carlini et al.,
    "Membership Inference Attacks From First Principles" (2022).

    With few non-members the rate is biased upwards, since its threshold is too low on average. It lies on the
    (k + 1)-th highest of n non-members, where k = floor(n `fpr`), and the share of all non-members above that is
    (k + 1) / (n + 1) in expectation: with n = 100, 2 % instead of 1 %.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).
        fpr: 0 to 1.

    Returns:
        0 to 1, or None if there are fewer than 1 / `fpr` non-members, too few to measure such a rate.

    Raises:
        MiaError: There is no member or no non-member.
    """
    ranking = rank(scores, is_member)
    allowed = max_false_positives(fpr, len(ranking.nonmembers))
    if allowed == 0:
        return None
    # The threshold is above the first non-member that would exceed the allowed number, or below all scores.
    found = np.append(ranking.above, len(ranking.members))[allowed]
    return float(found / len(ranking.members))


def max_false_positives(fpr: float, n_nonmembers: int) -> int:
    """The number of false positives allowed at a rate of `fpr`; if it is 0, the rate cannot be measured."""
    return math.floor(fpr * n_nonmembers + ROUNDING)


def balanced_accuracy(scores: Floats, is_member: Labels, fold_of: Counts) -> float:
    """Balanced accuracy, cross-validated: each image is classified by a threshold chosen on other images.

    The threshold for a fold is the best one on the other folds. A threshold chosen and evaluated on the same images
    would be better than chance even on noise.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).
        fold_of: Each image's fold, (N,), as `assign_folds` returns it.

    Returns:
        0 to 1; 0.5 is chance.
    """
    predicted = np.empty(len(scores), dtype=np.bool_)
    for fold in range(fold_of.max() + 1):
        held_out = fold_of == fold
        predicted[held_out] = scores[held_out] >= _best_threshold(scores[~held_out], is_member[~held_out])
    return float((predicted[is_member].mean() + (~predicted[~is_member]).mean()) / 2)


def assign_folds(is_member: Labels, ids: Sequence[str], folds: int, seed: int) -> Counts:
    """Assigns images to folds for cross-validation, stratified by membership.

    Args:
        is_member: (N,).
        ids: (N,), distinct; an image's fold depends on the ids and the seed, not on the order of the rows.
        folds: 2 or more.
        seed: Shuffles the ids before they are assigned.

    Returns:
        The number of each image's fold, from 0, (N,).

    Raises:
        MiaError: There are fewer than two members or two non-members.
    """
    if min(is_member.sum(), (~is_member).sum()) < 2:
        raise MiaError(
            "a cross-validated threshold needs at least two members and two non-members; "
            f"found {is_member.sum()} and {(~is_member).sum()}"
        )
    row_of = {id: row for row, id in enumerate(ids)}
    order = np.asarray([row_of[id] for id in shuffled(ids, seed)])
    fold_of = np.empty(len(ids), dtype=np.int64)
    for group in (order[is_member[order]], order[~is_member[order]]):
        fold_of[group] = np.arange(len(group)) % folds
    return fold_of


def _check_both_groups(is_member: Labels) -> None:
    if is_member.all() or not is_member.any():
        raise MiaError(
            f"expected scores of members and of non-members, found {is_member.sum()} members among "
            f"{len(is_member)} images"
        )


def _best_threshold(scores: Floats, is_member: Labels) -> float:
    curve = roc_curve(scores, is_member)
    best = int((curve.tpr - curve.fpr).argmax())
    here = curve.thresholds[best]
    if best + 1 == len(curve.thresholds) or not np.isfinite(here):
        return float(here)
    # Halfway to the next score, to have the largest margin on both sides.
    return float((here + curve.thresholds[best + 1]) / 2)
