"""Draws the figures of AUC against a setting."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from mia_exp.report.column_titles import math_title
from mia_exp.report.interval_band import plot_band
from mia_exp.report.style import ATTACKS, BLIND, CHANCE
from mia_exp.reproduce.curves import CURVES, PaperCurve, Series
from mia_exp.reproduce.item_tables import scale_title
from mia_exp.reproduce.paper_figure import paper_figure
from mia_exp.reproduce.scale_results import DATASETS, NAMES, SPLITS, VICTIMS, Case, Results

MARKERS = ("o", "s", "^", "D")
# Inches; of a row of panels, and of the legend above them.
ROW, LEGEND = 2.7, 0.9


def plot_curves(name: str, results: Results, folder: Path) -> list[Path]:
    """Draws the figure `name` for each kind of split, as PNG and PDF.

    Args:
        name: A key of `CURVES`.
        results: The results at one scale; runs that have not finished are left out.
        folder: Gets `NAME-SPLIT.png` and `NAME-SPLIT.pdf`.

    Returns:
        The PNG files.
    """
    curve = CURVES[name]
    cases = list(results.cases(curve.experiment))
    drawn = []
    for split in SPLITS:
        chosen = [case for case in cases if case.split == split]
        if chosen:
            stem = folder / f"{name}-{split}"
            _plot(name, curve, results, chosen, stem)
            drawn.append(stem.with_suffix(".png"))
    return drawn


def _plot(name: str, curve: PaperCurve, results: Results, cases: Sequence[Case], stem: Path) -> None:
    rows = [victim for victim in VICTIMS if any(case.victim == victim for case in cases)]
    columns = [dataset for dataset in DATASETS if any(case.dataset == dataset for case in cases)]
    with paper_figure(stem, ROW * len(rows) + LEGEND) as figure:
        grid = figure.subplots(len(rows), len(columns), squeeze=False, sharey=True)
        handles: dict[str, Artist] = {}
        for row, victim in enumerate(rows):
            for column, dataset in enumerate(columns):
                axis, case = grid[row][column], Case(victim, dataset, cases[0].split)
                if case not in cases:
                    axis.set_axis_off()
                    continue
                for number, series in enumerate(curve.series(results, case)):
                    _draw(axis, curve, series, number)
                EXTRAS.get(name, _nothing)(axis, results, case)
                axis.axhline(50, color=CHANCE, linewidth=1.5, linestyle="--", zorder=0)
                axis.set_title(f"{NAMES[victim]} {NAMES[dataset]}")
                if row == len(rows) - 1 or Case(rows[-1], dataset, case.split) not in cases:
                    axis.set_xlabel(curve.label)
                artists, labels = axis.get_legend_handles_labels()
                handles |= dict(zip(labels, artists, strict=True))
            grid[row][0].set_ylabel("AUC, %")
        title = f"{cases[0].split} split, {scale_title(results.select(curve.experiment, cases[0])[0])}"
        figure.legend(
            list(handles.values()), list(handles), loc="outside upper center", ncols=len(handles), title=title
        )


def _draw(axis: Axes, curve: PaperCurve, series: Series, number: int) -> None:
    color, marker, label = ATTACKS[number], MARKERS[number], math_title(series.column)
    values = list(series.points)
    estimates = [100 * point.value for point in series.points.values()]
    intervals = [[100 * end for end in point.interval()] for point in series.points.values()]
    if values and isinstance(values[0], str):
        # Settings without an order: points without a line, with the scores of one setting side by side.
        x = np.arange(len(values))
        ends = abs(np.array(intervals).T - np.array(estimates))
        axis.errorbar(
            x + 0.12 * (number - 0.5), estimates, ends, color=color, marker=marker, linestyle="", label=label
        )
        axis.set_xticks(x, values)
        axis.set_xlim(-0.5, len(values) - 0.5)
        return
    # A score that the setting has no part in is a line without points.
    constant = len(set(map(id, series.points.values()))) == 1
    plot_band(axis, values, estimates, intervals, color, "" if constant else marker, label)
    if series.spread is not None:
        low, high = zip(*series.spread.values(), strict=True)
        axis.vlines(values, low, high, color=color, linewidth=3, label="range over pixel draws")
    if curve.logarithmic:
        axis.set_xscale("log")
        axis.set_xticks(values, [f"{value:g}" for value in values])
        axis.minorticks_off()


def _damage(axis: Axes, results: Results, case: Case) -> None:
    """The damage of the noise to the outputs, on a second axis: structural similarity and perceptual distance."""
    runs = [run for run in results.select("fig10", case) if run.about["damage"]]
    found: dict[float, list[tuple[float, float]]] = {}
    for run in runs:
        outputs = run.about["damage"]["outputs"]
        found.setdefault(run.setting("defense.sigma"), []).append((outputs["ssim"], outputs["perceptual"]))
    points = sorted((sigma, *np.mean(values, axis=0)) for sigma, values in found.items())
    sigmas, ssim, distance = zip(*points, strict=True)
    twin = axis.twinx()
    twin.plot(sigmas, ssim, color=BLIND, linestyle=":", marker="x")
    twin.plot(sigmas, distance, color=BLIND, linestyle="-.", marker="+")
    twin.set(ylim=(0, 1.05))
    place = axis.get_subplotspec()
    if place and place.is_last_col():
        twin.set_ylabel("outputs: SSIM (x),\nperceptual distance (+)")
    else:
        twin.set_yticklabels([])
    twin.grid(visible=False)


def _threshold(axis: Axes, results: Results, case: Case) -> None:
    """The interpolation threshold: the share with as many fitted pixels as columns."""
    about = results.select("fig15", case)[0].about
    grid, stages = about["difficulty"]["working_size"], about["features"]["stages"]
    columns = sum(min(stage["channels"], (4 * grid // stage["stride"]) ** 2) for stage in stages)
    share = columns / grid**2
    axis.axvline(share, color=BLIND, linestyle=":")
    axis.annotate(
        f"as many pixels\nas columns: {share:.0%}",
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


def _nothing(axis: Axes, results: Results, case: Case) -> None:
    """Most figures have no extras."""


EXTRAS: dict[str, Callable[[Axes, Results, Case], None]] = {"fig10": _damage, "fig15": _threshold}
