"""Figures of scores: ROC curves, histograms, error against difficulty."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from scipy.stats import pearsonr, spearmanr

from mia_exp.core.column import Column
from mia_exp.evaluation.evaluate import as_membership_score
from mia_exp.evaluation.roc import roc_curve
from mia_exp.report.column_titles import math_title
from mia_exp.report.style import ATTACKS, BLIND, BLIND_DASHES, CHANCE, MEMBER, NONMEMBER, styled_figure

BINS = 30
LEGEND_COLUMNS = 5


def plot_roc(
    table: pd.DataFrame, is_member: np.ndarray, attacks: Sequence[Column], blind: Sequence[Column], path: Path
) -> None:
    """ROC curves on linear axes, and on logarithmic axes, which show low false-positive rates.

    Args:
        table: The columns to draw, N rows.
        is_member: (N,), bool.
        attacks: Columns drawn with solid lines.
        blind: Columns that do not query the model, dashed.
        path: The PNG to write.
    """
    smallest = 1 / (~is_member).sum()
    with styled_figure(path, 5.5) as figure:
        axes = figure.subplots(1, 2)
        for axis in axes:
            chance = np.geomspace(smallest / 2, 1, 100)
            axis.plot(chance, chance, color=CHANCE, linewidth=1, label="chance")
            for column, dashes in zip(blind, cycle(BLIND_DASHES), strict=False):
                _draw_curve(axis, table, is_member, column, color=BLIND, linestyle=dashes, linewidth=1.1)
            for column, color in zip(attacks, cycle(ATTACKS), strict=False):
                _draw_curve(axis, table, is_member, column, color=color, linewidth=2)
            axis.set(
                xlabel="false-positive rate",
                ylabel="true-positive rate",
                box_aspect=1,
            )
        axes[0].set(title="linear axes", xlim=(-0.01, 1), ylim=(0, 1.01))
        axes[1].set(title="logarithmic axes", xscale="log", yscale="log", xlim=(smallest, 1), ylim=(smallest, 1.1))
        for axis in axes:
            for scale in (axis.xaxis, axis.yaxis):
                scale.set_major_formatter(lambda share, _: f"{100 * share:g} %")
        handles, labels = axes[0].get_legend_handles_labels()
        # Outside, since with all blind columns it would cover the curves.
        figure.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=LEGEND_COLUMNS)


def plot_histograms(table: pd.DataFrame, is_member: np.ndarray, columns: Sequence[Column], path: Path) -> None:
    """Histograms of each column for members and non-members, after the paper's Fig. 3.

    Args:
        table: N rows.
        is_member: (N,), bool.
        columns: One panel each.
        path: The PNG to write.
    """
    with styled_figure(path, 3.9) as figure:
        axes = figure.subplots(1, len(columns), squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            values = table[column.name].to_numpy()
            edges = np.histogram_bin_edges(values, BINS)
            for group, color in ((is_member, MEMBER), (~is_member, NONMEMBER)):
                counts = np.histogram(values[group], edges)[0]
                # One patch: one bar per bin takes matplotlib three times as long.
                axis.stairs(counts, edges, color=color, alpha=0.45, fill=True)
                axis.stairs(counts, edges, color=color, linewidth=1.6)
            axis.set(xlabel=math_title(column), ylabel="images")
            axis.grid(axis="x", visible=False)
            axis.yaxis.get_major_locator().set_params(integer=True)
        figure.legend(handles=_group_handles(is_member), loc="outside upper center", ncols=2)


def plot_error_against_difficulty(
    table: pd.DataFrame, is_member: np.ndarray, error: Column, difficulties: Sequence[Column], path: Path
) -> None:
    """L_rec against each difficulty, after the paper's Fig. 5, with the correlation in each group.

    Args:
        table: The error and the difficulties, N rows.
        is_member: (N,), bool.
        error: The reconstruction error.
        difficulties: One panel each.
        path: The PNG to write.
    """
    with styled_figure(path, 5.2) as figure:
        axes = figure.subplots(1, len(difficulties), squeeze=False, sharey=True)[0]
        for axis, difficulty in zip(axes, difficulties, strict=True):
            for group, name, color, marker in (
                (is_member, "members", MEMBER, "o"),
                (~is_member, "non-members", NONMEMBER, "s"),
            ):
                x, y = table[difficulty.name].to_numpy()[group], table[error.name].to_numpy()[group]
                style = {"s": 18, "color": color, "alpha": 0.65, "marker": marker, "linewidths": 0}
                axis.scatter(x, y, label=f"{name}: {_correlations(x, y)}", **style)
            axis.set(xlabel=f"{math_title(difficulty)}, {difficulty.meaning}")
            axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
        axes[0].set_ylabel(f"{math_title(error)}, {error.meaning}")


def plot_training(errors: Mapping[str, Sequence[float]], path: Path) -> None:
    """The victim's L1 error by epoch.

    Args:
        errors: `l1`, of training batches, and `held_out_l1`, where they were measured; (epochs,) each.
        path: The PNG to write.
    """
    lines = (("l1", "training pairs", MEMBER, "o"), ("held_out_l1", "held-out pairs", NONMEMBER, "s"))
    with styled_figure(path, 3.9) as figure:
        axis = figure.subplots()
        for name, label, color, marker in lines:
            values = errors.get(name, ())
            epochs = np.arange(1, len(values) + 1)
            if len(values):
                axis.plot(epochs, values, color=color, marker=marker if len(values) < BINS else None, label=label)
        axis.set(xlabel="epoch", ylabel="mean L1 error", ylim=(0, None))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _draw_curve(axis: Axes, table: pd.DataFrame, is_member: np.ndarray, column: Column, **line: object) -> None:
    curve = roc_curve(as_membership_score(column, table[column.name].to_numpy(dtype=np.float64)), is_member)
    axis.plot(curve.fpr, curve.tpr, label=math_title(column), **line)  # type: ignore[arg-type]


def _correlations(x: np.ndarray, y: np.ndarray) -> str:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return "correlation undefined"
    return f"Pearson {pearsonr(x, y).statistic:.2f}, Spearman {spearmanr(x, y).statistic:.2f}"


def _group_handles(is_member: np.ndarray) -> list[Patch]:
    groups = ((MEMBER, f"members ({is_member.sum()})"), (NONMEMBER, f"non-members ({(~is_member).sum()})"))
    return [Patch(facecolor=color, alpha=0.6, edgecolor=color, label=label) for color, label in groups]
