"""ROC curves and the numbers read off them; a higher score means more likely a member.

A column is ranked once; its statistics are then sums over the ranking, for the images as they are or for many
resamples of them at once, by the same lines of code. Axes: R resamples, N images, M members, K non-members, T
thresholds.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mia_exp.core.errors import MiaError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Weights = NDArray[np.int32]
Labels = NDArray[np.bool_]

# fpr * n is a whole number more often than its floating-point product is: 0.07 * 100 = 7.000000000000001.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Ranking:
    """Where the members stand among the non-members.

    Attributes:
        members: The members by falling score, as places in the group, (M,).
        nonmembers: The non-members by falling score, (K,).
        above: Members that outscore each of `nonmembers`, (K,).
        level: Members that outscore it or equal it, (K,).
    """

    members: Counts
    nonmembers: Counts
    above: Counts
    level: Counts

    def statistics(
        self, members: Weights, nonmembers: Weights, rates: Sequence[float]
    ) -> tuple[Floats, dict[float, Floats]]:
        """The area under the curve, and the hit rates, of resamples.

        Args:
            members: How often each member occurs, (R, M), in the order of the group.
            nonmembers: How often each non-member does, (R, K).
            rates: False-positive rates.

        Returns:
            The AUC (R,): the chance that a member outscores a non-member, a tie counting half. And by rate (R,),
            the largest share of the members above a threshold that accuses at most that share of the
            non-members; tied images are accused together.
        """
        # hits[:, k] of the members are among the k that score highest.
        hits = np.zeros((len(members), len(self.members) + 1), dtype=np.int64)
        np.cumsum(np.take(members, self.members, axis=1), axis=1, out=hits[:, 1:])
        alarms = np.take(nonmembers, self.nonmembers, axis=1)
        accused = alarms.cumsum(axis=1, dtype=np.int64)
        n_members, n_nonmembers = hits[:, -1], accused[:, -1]

        doubled = np.einsum("rk,rk->r", alarms, np.take(hits, self.above, axis=1), dtype=np.int64)
        doubled += np.einsum("rk,rk->r", alarms, np.take(hits, self.level, axis=1), dtype=np.int64)
        area = doubled / (2 * n_members * n_nonmembers)

        # The threshold lies above the first non-member that is one too many; above all, where none is.
        ends = np.append(self.above, len(self.members))
        found = {}
        for rate in rates:
            allowed = np.floor(rate * n_nonmembers + ROUNDING)
            first = (accused <= allowed[:, None]).sum(axis=1)
            found[rate] = hits[np.arange(len(hits)), ends[first]] / n_members
        return area, found


def rank(scores: Floats, is_member: Labels) -> Ranking:
    """Ranks a column.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).

    Raises:
        MiaError: There is no member or no non-member.
    """
    _check_both(is_member)
    members, nonmembers = scores[is_member], scores[~is_member]
    descending = np.argsort(-nonmembers, kind="stable")
    rising = np.sort(members)
    return Ranking(
        members=np.argsort(-members, kind="stable"),
        nonmembers=descending,
        above=len(members) - np.searchsorted(rising, nonmembers[descending], side="right"),
        level=len(members) - np.searchsorted(rising, nonmembers[descending], side="left"),
    )


@dataclass(frozen=True)
class RocCurve:
    """What each threshold finds.

    An image is called a member when its score reaches the threshold. Thresholds are the distinct scores in
    descending order, after one that no score reaches, so that tied images are always called alike.

    Attributes:
        tpr: The share of members that reach each threshold, (T,), from 0 to 1.
        fpr: The share of non-members that do, (T,), from 0 to 1.
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
    _check_both(is_member)
    order = np.argsort(scores)[::-1]
    descending = scores[order]
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
    hits = np.append(0, is_member[order].cumsum()[ends])
    reached = np.append(0, ends + 1)
    return RocCurve(hits / hits[-1], (reached - hits) / (reached - hits)[-1], np.append(np.inf, descending[ends]))


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
    area, _ = _once(scores, is_member, ())
    return float(area[0])


def tpr_at_fpr(scores: Floats, is_member: Labels, fpr: float) -> float | None:
    """The share of members found while at most a share `fpr` of the non-members is accused.

    The largest empirical true-positive rate over the thresholds whose empirical false-positive rate is at most
    `fpr`; nothing is interpolated, and tied images are accused together. Carlini et al., "Membership Inference
    Attacks From First Principles" (2022), argue for it.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).
        fpr: 0 to 1.

    Returns:
        0 to 1, or None where fewer than 1 / `fpr` non-members are there to measure such a rate.

    Raises:
        MiaError: There is no member or no non-member.
    """
    if max_false_positives(fpr, int((~is_member).sum())) == 0:
        return None
    _, rates = _once(scores, is_member, (fpr,))
    return float(rates[fpr][0])


def max_false_positives(fpr: float, n_nonmembers: int) -> int:
    """How many of the non-members may be accused at a false-positive rate of `fpr`; at 0 it cannot be measured."""
    return math.floor(fpr * n_nonmembers + ROUNDING)


def balanced_accuracy(scores: Floats, is_member: Labels, ids: Sequence[str], folds: int, seed: int) -> float:
    """Mean of the hit rates on members and non-members, each image judged by a threshold it had no part in.

    The images are dealt into folds, members and non-members apart. The threshold for a fold is the best one on
    the other folds. A threshold chosen and judged on the same images would look better than chance on noise.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).
        ids: (N,), distinct; an image's fold depends on the ids and the seed, not on the order of the rows.
        folds: 2 or more.
        seed: Shuffles the ids before they are dealt.

    Returns:
        0 to 1; 0.5 is chance.

    Raises:
        MiaError: There are fewer than two members or two non-members.
    """
    if min(is_member.sum(), (~is_member).sum()) < 2:
        raise MiaError(
            "a threshold that is judged on other images than it was chosen on needs two members and two "
            f"non-members; found {is_member.sum()} and {(~is_member).sum()}"
        )
    fold_of = _deal(is_member, ids, folds, seed)
    called_member = np.empty(len(scores), dtype=np.bool_)
    for fold in range(folds):
        held_out = fold_of == fold
        called_member[held_out] = scores[held_out] >= _best_threshold(scores[~held_out], is_member[~held_out])
    return float((called_member[is_member].mean() + (~called_member[~is_member]).mean()) / 2)


def _once(scores: Floats, is_member: Labels, rates: Sequence[float]) -> tuple[Floats, dict[float, Floats]]:
    """The statistics of the images as they are: one resample, each image once."""
    ranking = rank(scores, is_member)
    members, nonmembers = (np.ones((1, len(group)), np.int32) for group in (ranking.members, ranking.nonmembers))
    return ranking.statistics(members, nonmembers, rates)


def _check_both(is_member: Labels) -> None:
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
    # Halfway to the next score: as far as possible from the images on either side.
    return float((here + curve.thresholds[best + 1]) / 2)


def _deal(is_member: Labels, ids: Sequence[str], folds: int, seed: int) -> Counts:
    shuffled = sorted(range(len(ids)), key=lambda row: hashlib.sha256(f"{seed}:{ids[row]}".encode()).digest())
    order = np.asarray(shuffled)
    fold_of = np.empty(len(ids), dtype=np.int64)
    for group in (order[is_member[order]], order[~is_member[order]]):
        fold_of[group] = np.arange(len(group)) % folds
    return fold_of
