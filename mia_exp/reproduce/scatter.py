"""Scatter plots: L_rec and L_mem (Figs. 3, 6), L_rec and difficulties (Figs. 5, 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.metrics import roc_curve

from mia_exp.core.column import Column
from mia_exp.report.column_titles import math_title
from mia_exp.report.style import CHANCE, MEMBER, NONMEMBER
from mia_exp.reproduce.estimates import SeedEstimate, estimate
from mia_exp.reproduce.item_tables import scale_title
from mia_exp.reproduce.paper_figure import paper_figure
from mia_exp.reproduce.published import FIRST_PANELS, OTHER_PANELS
from mia_exp.reproduce.runs import MEMBER as IS_MEMBER
from mia_exp.reproduce.runs import Run
from mia_exp.reproduce.scale_results import NAMES, SPLITS, Case, Results, case_of
from mia_exp.reproduce.statistics import correlation

# Inches; of a row of panels, and of the legend above them.
ROW, LEGEND = 3.0, 0.9


@dataclass(frozen=True)
class Planes:
    """A figure of scatter plots.

    Attributes:
        experiment: The experiment whose first seed is drawn.
        cases: Victims and datasets, a row of panels each.
        across: The columns on the x axes; on the y axis is L_rec.
    """

    experiment: str
    cases: tuple[tuple[str, str], ...]
    across: tuple[str, ...]


PLANES = {
    "fig3": Planes("table1", FIRST_PANELS, ("l_mem",)),
    "fig5": Planes("table2", FIRST_PANELS, ("l_diff", "l_vsd")),
    "fig6": Planes("table1", OTHER_PANELS, ("l_mem",)),
    "fig7": Planes("table2", OTHER_PANELS, ("l_diff", "l_vsd")),
}


def plot_planes(name: str, results: Results, folder: Path) -> list[Path]:
    """Draws the figure `name` for each kind of split from the runs of the first seed, as PNG and PDF.

    Args:
        name: A key of `PLANES`.
        results: The results at one scale; runs that have not finished are left out.
        folder: Gets `NAME-SPLIT.png` and `NAME-SPLIT.pdf`.

    Returns:
        The PNG files.
    """
    drawn = []
    for split in SPLITS:
        runs = [run for case in PLANES[name].cases if (run := _first(PLANES[name], results, case, split))]
        if runs:
            stem = folder / f"{name}-{split}"
            _plot(PLANES[name], results, runs, stem)
            drawn.append(stem.with_suffix(".png"))
    return drawn


def _plot(planes: Planes, results: Results, runs: Sequence[Run], stem: Path) -> None:
    columns = results.columns(planes.experiment)
    with paper_figure(stem, ROW * len(planes.across) + LEGEND) as figure:
        grid = figure.subplots(len(planes.across), len(runs), squeeze=False)
        for row, across in zip(grid, planes.across, strict=True):
            for axis, run in zip(row, runs, strict=True):
                case = case_of(run)
                words = _draw(axis, run.scores, across, columns)
                if across != "l_mem":
                    words = f"Pearson {_correlation(planes, results, case, across)}"
                axis.set_title(f"{NAMES[case.victim]} {NAMES[case.dataset]}\n{words}", fontsize=9)
            row[0].set_ylabel(math_title(columns["l_rec"]))
        handles, labels = grid[0][0].get_legend_handles_labels()
        title = f"{case_of(runs[0]).split} split, seed {runs[0].seed}, {scale_title(runs[0])}"
        figure.legend(handles, labels, loc="outside upper center", ncols=2, title=title)


def best_line(score: np.ndarray, is_member: np.ndarray) -> tuple[float, float]:
    """The threshold (members are below it) with the best balanced accuracy, and that accuracy."""
    fpr, tpr, thresholds = roc_curve(is_member, -score, drop_intermediate=False)
    best = int(np.argmax(tpr - fpr))
    return -thresholds[best], (1 + tpr[best] - fpr[best]) / 2


def _first(planes: Planes, results: Results, case: tuple[str, str], split: str) -> Run | None:
    runs = results.select(planes.experiment, Case(*case, split))
    return min(runs, key=lambda run: run.seed, default=None)


def _draw(axis: Axes, table: pd.DataFrame, across: str, columns: Mapping[str, Column]) -> str:
    """Draws a panel; returns what its title says of it."""
    is_member = table[IS_MEMBER].to_numpy()
    for group, label, color, marker in (
        (is_member, "members", MEMBER, "o"),
        (~is_member, "non-members", NONMEMBER, "s"),
    ):
        x, y = table[across][group], table["l_rec"][group]
        axis.scatter(x, y, s=9, alpha=0.6, color=color, marker=marker, linewidths=0, label=label)
    axis.locator_params(axis="x", nbins=4)
    axis.set_xlabel(math_title(columns[across]))
    return _draw_best_lines(axis, table, is_member, columns) if across == "l_mem" else ""


def _correlation(planes: Planes, results: Results, case: Case, across: str) -> SeedEstimate:
    """The correlation with L_rec, over all seeds and not the drawn one alone."""
    statistic = correlation("l_rec", across, results.columns(planes.experiment))
    return estimate(results.tables(planes.experiment, case), statistic, case.dataset)


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
