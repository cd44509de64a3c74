"""ROC curves and the numbers read off them; a higher score means more likely a member.

The curve is kept as counts, one row a resample of the images, so that a statistic and its bootstrap replicates
come from the same lines of code. Axes: R resamples, N images, T thresholds.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mia_exp.errors import MiaError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Labels = NDArray[np.bool_]

# fpr * n is a whole number more often than its floating-point product is: 0.07 * 100 = 7.000000000000001.
ROUNDING = 1e-9


@dataclass(frozen=True)
class RocCurves:
    """Curves of the same scores under R weightings of the images.

    An image is called a member when its score reaches the threshold. Thresholds are the distinct scores in
    descending order, after one that no score reaches, so that tied images are always called alike.

    Attributes:
        true_positives: Members that reach each threshold, counted by weight, (R, T).
        false_positives: Non-members that do, (R, T).
        thresholds: (T,), descending from infinity.
    """

    true_positives: Counts
    false_positives: Counts
    thresholds: Floats

    @property
    def n_members(self) -> Counts:
        """Members of each resample, (R,)."""
        return self.true_positives[:, -1]

    @property
    def n_nonmembers(self) -> Counts:
        """Non-members of each resample, (R,)."""
        return self.false_positives[:, -1]

    def auc(self) -> Floats:
        """Area under each curve, (R,): the chance that a member outscores a non-member, a tie counting half."""
        tp, fp = self.true_positives, self.false_positives
        doubled = (np.diff(fp) * (tp[:, 1:] + tp[:, :-1])).sum(axis=1)
        area: Floats = doubled / (2 * self.n_members * self.n_nonmembers)
        return area

    def tpr_at_fpr(self, fpr: float) -> Floats:
        """The largest true-positive rate among the thresholds whose false-positive rate is `fpr` or less, (R,)."""
        allowed = np.floor(fpr * self.n_nonmembers + ROUNDING)
        last = (self.false_positives <= allowed[:, None]).sum(axis=1) - 1
        rates: Floats = self.true_positives[np.arange(len(last)), last] / self.n_members
        return rates


def roc_curves(scores: Floats, is_member: Labels, weights: NDArray[np.integer] | None = None) -> RocCurves:
    """Counts hits and false alarms at every threshold.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).
        weights: How often each image occurs in each resample, (R, N); by default once, in one resample.

    Returns:
        The curves.

    Raises:
        MiaError: There is no member or no non-member.
    """
    if is_member.all() or not is_member.any():
        raise MiaError(
            f"expected scores of members and of non-members, found {is_member.sum()} members among "
            f"{len(is_member)} images"
        )
    if weights is None:
        weights = np.ones((1, len(scores)), dtype=np.int32)
    order = np.argsort(scores)[::-1]
    descending = scores[order]
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
    ordered = weights[:, order]
    reached = ordered.cumsum(axis=1, dtype=np.int64)[:, ends]
    hits = (ordered * is_member[order]).cumsum(axis=1, dtype=np.int64)[:, ends]
    return RocCurves(_from_zero(hits), _from_zero(reached - hits), np.append(np.inf, descending[ends]))


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
    return float(roc_curves(scores, is_member).auc()[0])


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
    if allowed_accusations(fpr, int((~is_member).sum())) == 0:
        return None
    return float(roc_curves(scores, is_member).tpr_at_fpr(fpr)[0])


def allowed_accusations(fpr: float, n_nonmembers: int) -> int:
    """How many of the non-members may be accused at a false-positive rate of `fpr`; at 0 it cannot be measured."""
    return math.floor(fpr * n_nonmembers + ROUNDING)


def roc_curve(scores: Floats, is_member: Labels) -> tuple[Floats, Floats]:
    """The points of the curve.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).

    Returns:
        False-positive rates and true-positive rates, each (T,), from (0, 0) to (1, 1).

    Raises:
        MiaError: There is no member or no non-member.
    """
    curves = roc_curves(scores, is_member)
    return (
        curves.false_positives[0] / curves.n_nonmembers[0],
        curves.true_positives[0] / curves.n_members[0],
    )


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


def _from_zero(counts: Counts) -> Counts:
    return np.pad(counts, ((0, 0), (1, 0)))


def _best_threshold(scores: Floats, is_member: Labels) -> float:
    curves = roc_curves(scores, is_member)
    gain = curves.true_positives[0] / curves.n_members[0] - curves.false_positives[0] / curves.n_nonmembers[0]
    best = int(gain.argmax())
    here = curves.thresholds[best]
    if best + 1 == len(curves.thresholds) or not np.isfinite(here):
        return float(here)
    # Halfway to the next score: as far as possible from the images on either side.
    return float((here + curves.thresholds[best + 1]) / 2)


def _deal(is_member: Labels, ids: Sequence[str], folds: int, seed: int) -> Counts:
    shuffled = sorted(range(len(ids)), key=lambda row: hashlib.sha256(f"{seed}:{ids[row]}".encode()).digest())
    order = np.asarray(shuffled)
    fold_of = np.empty(len(ids), dtype=np.int64)
    for group in (order[is_member[order]], order[~is_member[order]]):
        fold_of[group] = np.arange(len(group)) % folds
    return fold_of
