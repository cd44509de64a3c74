"""Figures of AUC against a setting, as Figs. 4, 8, 9, 10, 11, 15, 16 and 17 of the paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mia_exp.core.column import Column
from mia_exp.report.column_titles import columns_of, math_title
from mia_exp.report.interval_band import plot_band
from mia_exp.report.style import ATTACKS, BLIND, CHANCE
from mia_exp.reproduce.cells import Cell
from mia_exp.reproduce.item_tables import NAMES, scale_title
from mia_exp.reproduce.paper_figure import paper_figure

MARKERS = ("o", "s", "^", "D")
# Axis labels of choices, if different from the override.
WORDS = {"False": "no", "True": "yes"}


@dataclass(frozen=True)
class SweptCurve:
    """A figure of AUC against one setting.

    Attributes:
        setting: The swept setting.
        label: The axis label.
        columns: The columns that are drawn, one line each.
        across: The overrides with one panel per value, side by side.
        logarithmic: Whether the axis is logarithmic.
        shared: Whether the panels share the axis of the setting; not for epochs, which differ between datasets.
    """

    setting: str
    label: str
    columns: tuple[str, ...]
    across: tuple[str, ...] = ("dataset",)
    logarithmic: bool = False
    shared: bool = True


CURVES: dict[str, SweptCurve] = {
    "fig4": SweptCurve(
        "shadow.n_pairs", "pairs of the shadow model", ("l_mem_multi", "l_mem", "l_rec"), logarithmic=True
    ),
    "fig8": SweptCurve("attack.alpha", r"$\alpha$", ("l_mem", "l_rec")),
    "fig9": SweptCurve("query.epoch", "epochs", ("l_mem", "l_rec"), shared=False),
    "fig10": SweptCurve("defense.sigma", r"$\sigma$ of the noise", ("l_mem", "l_rec")),
    "fig11": SweptCurve("shadow.n_pairs", "pairs of the shadow model", ("shadow_score", "l_rec"), logarithmic=True),
    "fig15": SweptCurve(
        "difficulty.fitted_share",
        "share of the pixels that are fitted",
        ("l_mem", "l_rec"),
        ("dataset", "features"),
    ),
    "fig16": SweptCurve("difficulty.resize", "resize method", ("l_mem", "l_rec")),
    "fig17": SweptCurve("victim.difficulty_weighting", "victim's loss weighted by difficulty", ("l_mem", "l_rec")),
}


def plot_curve(name: str, cells: Sequence[Cell], stem: Path) -> None:
    """Draws the figure `name` as PNG and PDF.

    Args:
        name: A key of `CURVES`.
        cells: Its jobs at one scale; those that have not finished are left out.
        stem: The file's path without extension.
    """
    curve = CURVES[name]
    done = [cell for cell in cells if cell.metrics]
    panels = list(dict.fromkeys(_panel(curve, cell) for cell in done))
    with paper_figure(stem, 4.2) as figure:
        axes = figure.subplots(1, len(panels), squeeze=False, sharex=curve.shared, sharey=True)[0]
        for axis, panel in zip(axes, panels, strict=True):
            members = [cell for cell in done if _panel(curve, cell) == panel]
            for column, color, marker in zip(curve.columns, ATTACKS, MARKERS, strict=False):
                draw_score(axis, curve, members, column, color, marker)
            _EXTRAS.get(name, _nothing)(axis, members)
            axis.axhline(50, color=CHANCE, linewidth=1.5, linestyle="--", zorder=0)
            axis.set(xlabel=curve.label, title="\n".join(NAMES.get(word, word) for word in panel))
        axes[0].set_ylabel("AUC, %")
        handles, labels = axes[0].get_legend_handles_labels()
        title = scale_title(done[0].metrics)
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), title=title)


def _panel(curve: SweptCurve, cell: Cell) -> tuple[str, ...]:
    return tuple(cell.overrides[key] for key in curve.across)


def draw_score(axis: Axes, curve: SweptCurve, cells: Sequence[Cell], column: str, color: str, marker: str) -> None:
    """One score's AUC in percent with its interval, by the setting; cells without it are left out."""
    # By setting, since two attacks on one victim have the same L_rec.
    found = {cell.overrides[curve.setting]: result for cell in cells if (result := cell.result(column))}
    if not found:
        return
    declared = next(columns_of(cell.metrics)[column] for cell in cells if cell.metrics and cell.result(column))
    try:
        points = sorted(((float(value), result) for value, result in found.items()), key=itemgetter(0))
    except ValueError:
        _draw_choices(axis, found, declared, color, marker, 0.12 * (curve.columns.index(column) - 0.5))
        return
    x = [place for place, _ in points]
    intervals = [[100 * end for end in result["auc_ci95"]] for _, result in points]
    plot_band(
        axis, x, [100 * result["auc"] for _, result in points], intervals, color, marker, math_title(declared)
    )
    if curve.logarithmic:
        axis.set_xscale("log")
        axis.set_xticks(x, [f"{place:g}" for place in x])
        axis.minorticks_off()


def _draw_choices(
    axis: Axes, found: Mapping[str, Mapping[str, Any]], column: Column, color: str, marker: str, aside: float
) -> None:
    """Settings without an order: points without a line, with the scores of one setting side by side."""
    aucs = np.array([100 * result["auc"] for result in found.values()])
    ends = np.array([[100 * end for end in result["auc_ci95"]] for result in found.values()]).T
    x = np.arange(len(aucs))
    axis.errorbar(
        x + aside, aucs, abs(ends - aucs), color=color, marker=marker, linestyle="", label=math_title(column)
    )
    axis.set_xticks(x, [WORDS.get(value, value) for value in found])
    axis.set_xlim(-0.5, len(aucs) - 0.5)


def _damage(axis: Axes, cells: Sequence[Cell]) -> None:
    """The SSIM of outputs with and without noise, on a second axis."""
    points = sorted(
        (float(cell.overrides["defense.sigma"]), cell.metrics["damage"]["outputs"]["ssim"])
        for cell in cells
        if cell.metrics is not None and cell.metrics["damage"]
    )
    twin = axis.twinx()
    twin.plot(*zip(*points, strict=True), color=BLIND, linestyle=":", marker="x")
    twin.set(ylim=(0, 1.05))
    place = axis.get_subplotspec()
    if place and place.is_last_col():
        twin.set_ylabel("SSIM of the outputs (dotted)")
    twin.grid(visible=False)


def _threshold(axis: Axes, cells: Sequence[Cell]) -> None:
    """The interpolation threshold: the share with as many fitted pixels as columns."""
    for cell in cells[:1]:
        assert cell.metrics is not None
        grid = cell.metrics["difficulty"]["working_size"]
        stages = cell.metrics["features"]["stages"]
        columns = sum(min(stage["channels"], (4 * grid // stage["stride"]) ** 2) for stage in stages)
        share = columns / grid**2
        axis.axvline(share, color=BLIND, linestyle=":")
        words = f"as many pixels\nas columns: {share:.0%}"
        axis.annotate(
            words,
            (share, 0.03),
            # x in data coordinates, y in axes coordinates.
            xycoords=axis.get_xaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            fontsize=8,
            color=BLIND,
            ha="left",
            va="bottom",
        )


def _nothing(axis: Axes, cells: Sequence[Cell]) -> None:
    """Most figures have no extras."""


_EXTRAS: dict[str, Callable[[Axes, Sequence[Cell]], None]] = {"fig10": _damage, "fig15": _threshold}
