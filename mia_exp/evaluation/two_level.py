"""Intervals over images and seeds together, for runs of one experiment with several seeds.

Each run has its own split and its own initial weights, and is evaluated on images that may be partly those of the
other runs. The target is the mean of a statistic over seeds and images. Its variance has two parts:

    V = V_images + s**2 / S

- V_images is the variance of the runs' mean over resamples of the images, in which an image occurs equally often in
  every run that has it: the images' side of the pigeonhole bootstrap (Owen, "The Pigeonhole Bootstrap", 2007). So
  runs on the same images are not counted as independent.
- s**2 is the sample variance of the S runs' estimates.

The interval is that of Student's t with the degrees of freedom of Satterthwaite (1946), where only the second part
has an uncertainty: V**2 / ((s**2 / S)**2 / (S - 1)). Runs on different images differ by their images too, which are
then counted in both parts: where seeds do not matter, the standard error is up to 1.4 times too large.

In simulations of normal scores with 32 and 100 images per group and mean AUCs from 0.7 to 0.99, intervals of 95 %
covered the mean AUC in 93 to 99 % for three and five seeds, and differences in 91 to 99 %, the least where both
AUCs are close to 1. There the interval of an AUC needs the logit scale: without it, coverage fell to 86 %.

Axes: S seeds, R resamples, N images of a seed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t as student

from mia_exp.core.errors import MiaError
from mia_exp.evaluation.intervals import LEVEL, Interval, draw_weights, perfect_interval
from mia_exp.evaluation.roc import Floats, Labels, Weights, rank


def shared_weights(
    ids: Sequence[Sequence[str]], is_member: Sequence[Labels], replicates: int, seed: int
) -> list[Weights]:
    """Draws resamples of the images of all seeds together, with replacement.

    Args:
        ids: For each seed, its images, (N,), distinct.
        is_member: For each seed, (N,); an image may be a member for one seed and a non-member for another.
        replicates: Number of resamples, R.
        seed: Draws them; the result depends on the ids, not on their order.

    Returns:
        For each seed, how often each of its images occurs in each resample, (R, N): equally often for all seeds. A
        resample in which a seed has no member or no non-member left is drawn again.

    Raises:
        MiaError: A seed has no member or no non-member, or has an image twice.
    """
    for images, labels in zip(ids, is_member, strict=True):
        if labels.all() or not labels.any() or len(set(images)) < len(images):
            raise MiaError(
                "expected distinct images, members and non-members, for each seed; found "
                f"{labels.sum()} members among {len(labels)} images, {len(set(images))} of them distinct"
            )
    column_of = {image: column for column, image in enumerate(sorted(set().union(*ids)))}
    columns = [np.asarray([column_of[image] for image in images]) for images in ids]
    groups = [
        seed_columns[group]
        for seed_columns, labels in zip(columns, is_member, strict=True)
        for group in (labels, ~labels)
    ]
    rng = np.random.default_rng(seed)
    weights = draw_weights(replicates, len(column_of), rng)
    while len(lost := np.flatnonzero(~_all_occur(weights, groups))):
        weights[lost] = draw_weights(len(lost), len(column_of), rng)
    return [weights[:, seed_columns] for seed_columns in columns]


def auc_replicates(scores: Floats, is_member: Labels, weights: Weights) -> Floats:
    """The AUC of one seed on the resamples.

    Args:
        scores: (N,), higher means more likely a member.
        is_member: (N,).
        weights: The seed's part of `shared_weights`, (R, N).

    Returns:
        (R,), 0 to 1.

    Raises:
        MiaError: There is no member or no non-member.
    """
    return rank(scores, is_member).auc(weights[:, is_member], weights[:, ~is_member])


def two_level_interval(estimates: Floats, replicates: Floats, level: float = LEVEL) -> Interval:
    """The interval of the mean over seeds of a difference of AUCs, a correlation or another statistic.

    Two columns that both separate the groups perfectly for every seed have differences of zero on all resamples,
    and so has this interval.

    Args:
        estimates: The statistic of each seed on all its images, (S,).
        replicates: The same on the resamples, (S, R), which must be the same for all seeds: `shared_weights`.
        level: Coverage, between 0 and 1: 1 - 0.05 / K for K intervals that are to hold together (Bonferroni).

    Returns:
        The mean of the estimates plus and minus Student's t times the standard error; with one seed, whose variance
        is unknown, the normal quantile times the standard error over images alone.

    Raises:
        MiaError: A number is not finite.
    """
    half_width = _half_width(estimates, replicates, level)
    mean = float(estimates.mean())
    return mean - half_width, mean + half_width


def two_level_auc_interval(
    estimates: Floats, replicates: Floats, smaller_group: int, level: float = LEVEL
) -> Interval:
    """The interval of the mean over seeds of an AUC.

    Args:
        estimates: The AUC of each seed on all its images, (S,).
        replicates: The same on the resamples, (S, R), which must be the same for all seeds: `shared_weights`.
        smaller_group: Images in the smallest of the seeds' groups of members and non-members.
        level: Coverage, between 0 and 1: 1 - 0.05 / K for K intervals that are to hold together (Bonferroni).

    Returns:
        The interval of `two_level_interval` on the logit scale (delta method), which keeps it within 0 to 1. If the
        AUCs of all seeds are exactly 0 or exactly 1, the interval of Clopper and Pearson for one seed, since the
        seeds may share all their images.

    Raises:
        MiaError: A number is not finite.
    """
    half_width = _half_width(estimates, replicates, level)
    mean = float(estimates.mean())
    if mean in (0.0, 1.0):
        return perfect_interval(mean, smaller_group, level)
    # d logit(a) = da / (a (1 - a)).
    half_width /= mean * (1 - mean)
    return float(expit(logit(mean) - half_width)), float(expit(logit(mean) + half_width))


def _half_width(estimates: Floats, replicates: Floats, level: float) -> float:
    if not (np.isfinite(estimates).all() and np.isfinite(replicates).all()):
        raise MiaError(
            f"expected finite statistics, found {(~np.isfinite(estimates)).sum()} estimates and "
            f"{(~np.isfinite(replicates)).sum()} replicates that are not: use columns that are not constant on a "
            "resample, or more images"
        )
    seeds = len(estimates)
    over_images = replicates.mean(axis=0).var(ddof=1)
    over_seeds = estimates.var(ddof=1) / seeds if seeds > 1 else 0.0
    variance = over_images + over_seeds
    freedom = (seeds - 1) * (variance / over_seeds) ** 2 if over_seeds > 0 else np.inf
    return float(student.ppf((1 + level) / 2, freedom) * np.sqrt(variance))


def _all_occur(weights: Weights, groups: Sequence[NDArray[np.intp]]) -> Labels:
    """Whether each resample (R, N) has an image of every group."""
    occurs: Labels = np.all([weights[:, group].any(axis=1) for group in groups], axis=0)
    return occurs
