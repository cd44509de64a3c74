"""The statistics that the paper's claims are about, of one run's images and of resamples of them.

Axes: R resamples, N images.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia_exp.core.column import Column
from mia_exp.evaluation.correlation import weighted_pearson
from mia_exp.evaluation.evaluate import as_membership_score
from mia_exp.evaluation.roc import Floats, Labels, Weights
from mia_exp.evaluation.two_level import auc_replicates
from mia_exp.reproduce.runs import MEMBER

# Weights are none for the images as they are.
OnTable = Callable[[pd.DataFrame, Weights], Floats]


@dataclass(frozen=True)
class Statistic:
    """A number that is computed from a table of scores.

    Attributes:
        label: What it is, for a table's header.
        of: Computes it for each resample: from the table (N rows, with the column `member`) and how often each
            image occurs (R, N), the statistic (R,).
        percent: Whether it is shown in percent: an AUC, an accuracy, or a difference of two.
        logit: Whether its intervals are taken on the logit scale: of an AUC.
        signed: Whether it is shown with its sign: a difference.
    """

    label: str
    of: OnTable
    percent: bool = True
    logit: bool = False
    signed: bool = False

    def value(self, table: pd.DataFrame) -> float:
        """The statistic of the images as they are."""
        return float(self.of(table, np.ones((1, len(table)), np.int32))[0])


def auc(column: str, columns: Mapping[str, Column]) -> Statistic:
    """A column's AUC."""
    declared = columns[column]

    def of(table: pd.DataFrame, weights: Weights) -> Floats:
        scores, is_member = _scores(table, column, declared), _labels(table)
        return auc_replicates(scores, is_member, weights)

    return Statistic(f"AUC of {declared.title}", of, logit=True)


def difference(first: Statistic, second: Statistic, label: str | None = None) -> Statistic:
    """The first statistic minus the second, on the same images."""

    def of(table: pd.DataFrame, weights: Weights) -> Floats:
        return first.of(table, weights) - second.of(table, weights)

    return Statistic(label or f"{first.label} - {second.label}", of, first.percent, signed=True)


def best_line(column: str, columns: Mapping[str, Column]) -> Statistic:
    """The balanced accuracy of the best threshold: that of the best line in Figs. 3 and 6.

    It is chosen on the images that it is evaluated on, so the accuracy is optimistic.
    """
    declared = columns[column]

    def of(table: pd.DataFrame, weights: Weights) -> Floats:
        scores, is_member = _scores(table, column, declared), _labels(table)
        order = np.argsort(-scores, kind="stable")
        drawn = weights[:, order].astype(np.float64)
        rates = [
            group.cumsum(axis=1) / group.sum(axis=1, keepdims=True)
            for group in (drawn * is_member[order], drawn * ~is_member[order])
        ]
        # Tied images are on the same side of a threshold.
        ends = np.append(scores[order][1:] != scores[order][:-1], True)
        best: Floats = np.maximum((rates[0] - rates[1])[:, ends].max(axis=1), 0)
        return (1 + best) / 2

    return Statistic(f"accuracy of the best threshold of {declared.title}", of)


def correlation(first: str, second: str, columns: Mapping[str, Column]) -> Statistic:
    """Pearson's correlation of two columns over all images."""

    def of(table: pd.DataFrame, weights: Weights) -> Floats:
        return weighted_pearson(_column(table, first), _column(table, second), weights)

    titles = [columns[name].title if name in columns else name for name in (first, second)]
    return Statistic(f"correlation of {titles[0]} and {titles[1]}", of, percent=False)


def hard_to_easy(error: str, difficulty: str) -> Statistic:
    """The mean error of the members in the hardest quarter by difficulty, divided by that of the easiest quarter.

    The quarters are those of all members of the table, also in a resample.
    """

    def of(table: pd.DataFrame, weights: Weights) -> Floats:
        is_member = _labels(table)
        ranks = pd.Series(_column(table, difficulty)[is_member]).rank(pct=True).to_numpy()
        errors, drawn = _column(table, error)[is_member], weights[:, is_member].astype(np.float64)
        means = []
        for chosen in (ranks > 0.75, ranks <= 0.25):
            counts = drawn[:, chosen]
            # Of few members, a resample may have none of a quarter: it then counts as it is.
            counts[counts.sum(axis=1) == 0] = 1
            means.append(counts @ errors[chosen] / counts.sum(axis=1))
        ratio: Floats = means[0] / means[1]
        return ratio

    return Statistic("error of the hardest quarter / of the easiest", of, percent=False)


def spread(statistics: Sequence[Statistic], label: str) -> Statistic:
    """The standard deviation of several statistics, such as the AUCs of several pixel splits."""

    def of(table: pd.DataFrame, weights: Weights) -> Floats:
        deviation: Floats = np.std([one.of(table, weights) for one in statistics], axis=0, ddof=1)
        return deviation

    return Statistic(label, of)


def largest(statistics: Sequence[Statistic], label: str) -> Statistic:
    """The largest of several statistics."""
    return Statistic(label, lambda table, weights: np.max([one.of(table, weights) for one in statistics], axis=0))


def smallest(statistics: Sequence[Statistic], label: str) -> Statistic:
    """The smallest of several statistics."""
    return Statistic(label, lambda table, weights: np.min([one.of(table, weights) for one in statistics], axis=0))


def average(statistics: Sequence[Statistic], label: str) -> Statistic:
    """The mean of several statistics."""
    return Statistic(label, lambda table, weights: np.mean([one.of(table, weights) for one in statistics], axis=0))


def _scores(table: pd.DataFrame, name: str, declared: Column) -> Floats:
    return as_membership_score(declared, _column(table, name))


def _column(table: pd.DataFrame, name: str) -> Floats:
    return table[name].to_numpy(np.float64)


def _labels(table: pd.DataFrame) -> Labels:
    return table[MEMBER].to_numpy(np.bool_)
