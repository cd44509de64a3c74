"""Scatter plots: L_rec and L_mem (Figs. 3, 6), L_rec and difficulties (Figs. 5, 7)."""

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import pearsonr
from sklearn.metrics import roc_curve

from mia_exp.core.column import Column
from mia_exp.data import Split
from mia_exp.report.column_titles import columns_of, math_title
from mia_exp.report.style import CHANCE, MEMBER, NONMEMBER
from mia_exp.reproduce.item_tables import NAMES, scale_title
from mia_exp.reproduce.paper_figure import paper_figure

# By figure: the columns on the x and y axes, one column of panels each; the y axis is the same.
PLANES = {
    "fig3": (("l_mem", "l_rec"),),
    "fig6": (("l_mem", "l_rec"),),
    "fig5": (("l_diff", "l_rec"), ("l_vsd", "l_rec")),
    "fig7": (("l_diff", "l_rec"), ("l_vsd", "l_rec")),
}


def plot_planes(name: str, runs: Sequence[Path], artifacts: Path, stem: Path) -> None:
    """Draws the figure `name` as PNG and PDF, one panel per run and pair of columns.

    Args:
        name: A key of `PLANES`.
        runs: Folders of finished runs.
        artifacts: Folder of the runs' artifacts.
        stem: The file's path without extension.
    """
    planes = PLANES[name]
    metrics = json.loads((runs[0] / "metrics.json").read_text())
    columns = columns_of(metrics)
    # Two pairs of columns are compared side by side, with one row per dataset and a shared y axis.
    shape = (1, len(runs)) if len(planes) == 1 else (len(runs), len(planes))
    with paper_figure(stem, 3.9 * shape[0]) as figure:
        grid = figure.subplots(*shape, squeeze=False, sharey="row" if len(planes) > 1 else False)
        for axis, (run, (across, up)) in zip(grid.flat, product(runs, planes), strict=True):
            table, is_member, dataset = read_scores(run, artifacts)
            for group, label, color, marker in (
                (is_member, "members", MEMBER, "o"),
                (~is_member, "non-members", NONMEMBER, "s"),
            ):
                x, y = table[across][group], table[up][group]
                axis.scatter(x, y, s=12, alpha=0.6, color=color, marker=marker, linewidths=0, label=label)
            if across == "l_mem":
                words = _draw_best_lines(axis, table, is_member, columns)
            else:
                words = f"Pearson {pearsonr(table[across], table[up]).statistic:.2f}"
            axis.locator_params(axis="x", nbins=6)
            axis.set(xlabel=math_title(columns[across]), title=f"{NAMES.get(dataset, dataset)}\n{words}")
        for row in grid:
            row[0].set_ylabel(math_title(columns[planes[0][1]]))
        handles, labels = grid[0][0].get_legend_handles_labels()
        title = scale_title(metrics)
        figure.legend(handles, labels, loc="outside upper center", ncols=2, title=title)


def _draw_best_lines(axis: Axes, table: pd.DataFrame, is_member: np.ndarray, columns: Mapping[str, Column]) -> str:
    """The best threshold of each score, and its balanced accuracy.

    It is chosen on the same images that it is evaluated on, so both accuracies are optimistic.
    """
    words = []
    for name, draw in (("l_mem", axis.axvline), ("l_rec", axis.axhline)):
        threshold, accuracy = best_line(table[name].to_numpy(), is_member)
        draw(threshold, color=CHANCE, linestyle="--", linewidth=1.2, zorder=0)
        words.append(f"{accuracy:.0%} by {math_title(columns[name])}")
    return ", ".join(words)


def best_line(score: np.ndarray, is_member: np.ndarray) -> tuple[float, float]:
    """The threshold (members are below it) with the best balanced accuracy, and that accuracy."""
    fpr, tpr, thresholds = roc_curve(is_member, -score, drop_intermediate=False)
    best = int(np.argmax(tpr - fpr))
    return -thresholds[best], (1 + tpr[best] - fpr[best]) / 2


def read_scores(run: Path, artifacts: Path) -> tuple[pd.DataFrame, np.ndarray, str]:
    """The scores of a run's images, which of them are members, and the dataset's name."""
    metrics = json.loads((run / "metrics.json").read_text())
    table = pd.read_parquet(run / "scores.parquet")
    return table, table["id"].isin(_members(run, artifacts)).to_numpy(), metrics["dataset"]


def _members(run: Path, artifacts: Path) -> list[str]:
    key = json.loads((run / "metrics.json").read_text())["provenance"]["keys"]["split"]
    split = Split.from_json((artifacts / "split" / key[:20] / "split.json").read_bytes())
    return list(split.members)
