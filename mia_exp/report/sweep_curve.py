"""AUC against the swept number: one curve per column, one panel per set of images."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mia_exp.core.column import Column
from mia_exp.report.column_titles import math_title
from mia_exp.report.interval_band import plot_band
from mia_exp.report.style import ATTACKS, BLIND, BLIND_DASHES, CHANCE, styled_figure
from mia_exp.report.sweep_results import Sweep, SweepRow, without
from mia_exp.report.swept_number import Spacing, spacing, step_to_zero

MARKERS = ("o", "s", "^", "D", "v")
LINES = ("-", "--", "-.", ":")
# A line style: a name, or lengths of dashes.
Dashes = str | tuple[int, tuple[float, ...]]
CHANCE_LABEL = "chance"
# Sweeps with more panels or curves are drawn as a list.
MAX_PANELS = 3
MAX_CURVES = 8
# Tick labels closer than this share of the axis would overlap.
MIN_TICK_SPACING = 0.045
# Margin left of the first number and right of the last, as a share of the axis.
MARGIN = 0.03
# Width of the legend in characters.
LEGEND_WIDTH = 110


@dataclass(frozen=True)
class Curve:
    """One column over the swept number.

    Attributes:
        column: Its name.
        declared: The column.
        words: Other overrides that distinguish its jobs from those with the same images.
        points: Numbers with the column's results, in ascending order.
        blind: Whether it does not query the model.
        separates: Whether it is a blind column that separates the groups for some number.
    """

    column: str
    declared: Column
    words: tuple[str, ...]
    points: list[tuple[float, SweepRow]]
    blind: bool
    separates: bool

    @property
    def label(self) -> str:
        """Title and setting, in matplotlib's notation."""
        setting = " ".join(self.words).replace("$", r"\$")
        return f"{math_title(self.declared)} ({setting})" if setting else math_title(self.declared)

    @property
    def constant(self) -> bool:
        """Whether all jobs have the same result."""
        return len({id(row) for _, row in self.points}) == 1


@dataclass(frozen=True)
class Panel:
    """The curves of one set of images.

    Attributes:
        title: The overrides that distinguish these images; may be empty.
        curves: The strongest first.
    """

    title: str
    curves: list[Curve]


def swept_curves(sweep: Sweep) -> list[Panel] | None:
    """The sweep as curves over its number, one panel per set of images; None if that would not be readable.

    That is the case if the sweep has no numeric setting, if every curve would be a single point, or if there are
    too many curves. A blind column is left out if it does not depend on the number and does not separate.
    """
    if not sweep.numbers:
        return None
    number = sweep.numbers[0]
    panels: dict[int, list[SweepRow]] = {}
    for row in (*sweep.attack_rows(), *sweep.blind_rows()):
        panels.setdefault(row.panel, []).append(row)
    drawn = [_panel(sweep, number, rows) for rows in panels.values()]
    return drawn if _readable(drawn) else None


def plot_curves(panels: Sequence[Panel], setting: str, path: Path) -> None:
    """Draws AUC with its interval against the number of a setting.

    Args:
        panels: The panels, side by side.
        setting: The swept setting.
        path: The PNG to write.
    """
    with styled_figure(path, 5.2) as figure:
        draw_curves(figure, panels, setting)


def draw_curves(figure: Figure, panels: Sequence[Panel], setting: str) -> None:
    """Draws the panels side by side into a figure, with one legend."""
    numbers = sorted({place for panel in panels for curve in panel.curves for place, _ in curve.points})
    styles = _styles(panels)
    axes = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axis, panel in zip(axes, panels, strict=True):
        for curve in panel.curves:
            _draw(axis, curve, *styles[curve.label])
        axis.axhline(0.5, color=CHANCE, linewidth=2, linestyle="--", zorder=0, label=CHANCE_LABEL)
        axis.set(xlabel=setting, title=panel.title)
        _place(axis, numbers)
    axes[0].set_ylabel("AUC with its 95 % interval")
    # A panel may lack a curve that another has.
    named = {
        label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    named[CHANCE_LABEL] = named.pop(CHANCE_LABEL)
    columns = max(1, min(len(named), LEGEND_WIDTH // (6 + max(map(_width, named)))))
    figure.legend(named.values(), named, loc="outside upper center", ncols=columns)


def _panel(sweep: Sweep, number: str, rows: Sequence[SweepRow]) -> Panel:
    jobs = [job for row in rows for job in row.jobs]
    shared = [word for word in sweep.setting(jobs) if not word.startswith("attack=")]
    found: dict[tuple[str, tuple[str, ...]], list[SweepRow]] = {}
    for row in rows:
        words = tuple(word for word in without(row.words, [number]) if word not in shared)
        found.setdefault((row.column, words), []).append(row)
    curves = [
        Curve(
            column,
            same[0].declared,
            words,
            sorted(((place, row) for row in same for place in row.numbers(number)), key=lambda point: point[0]),
            same[0].separates is not None,
            any(row.separates for row in same),
        )
        for (column, words), same in found.items()
    ]
    shown = [curve for curve in curves if not curve.blind or curve.separates or not curve.constant]
    return Panel(" ".join(shared), shown)


def _readable(panels: Sequence[Panel]) -> bool:
    """Whether there is a curve with several points, and all curves have distinct styles."""
    attacks = [[curve for curve in panel.curves if not curve.blind] for panel in panels]
    if all(len(curve.points) == 1 for curves in attacks for curve in curves):
        return False
    columns = {curve.column for curves in attacks for curve in curves}
    others = {curve.words for curves in attacks for curve in curves}
    distinct = len(others) <= (len(ATTACKS) if len(columns) == 1 else len(LINES))
    few = len(panels) <= MAX_PANELS and max(map(len, attacks)) <= MAX_CURVES
    return few and distinct and len(columns) <= len(ATTACKS)


def _styles(panels: Sequence[Panel]) -> dict[str, tuple[str, str, Dashes]]:
    """Colour, marker and line style of each curve by its label: one colour per column, one line style per setting.

    If there is only one column, there is one colour per setting.
    """
    curves = {curve.label: curve for panel in panels for curve in panel.curves if not curve.blind}
    columns = list(dict.fromkeys(curve.column for curve in curves.values()))
    others = list(dict.fromkeys(curve.words for curve in curves.values()))
    styles: dict[str, tuple[str, str, Dashes]] = {}
    for label, curve in curves.items():
        own = {other.words for other in curves.values() if other.column == curve.column}
        colour = columns.index(curve.column) if len(columns) > 1 else others.index(curve.words)
        line = [words for words in others if words in own].index(curve.words) if len(columns) > 1 else 0
        styles[label] = ATTACKS[colour], MARKERS[colour], LINES[line]
    blind = dict.fromkeys(curve.label for panel in panels for curve in panel.curves if curve.blind)
    for label, dashes in zip(blind, cycle(BLIND_DASHES), strict=False):
        styles[label] = BLIND, "", dashes
    return styles


def _draw(axis: Axes, curve: Curve, color: str, marker: str, line: Dashes) -> None:
    x = [place for place, _ in curve.points]
    aucs = [row.result["auc"] for _, row in curve.points]
    if curve.blind:
        axis.plot(x, aucs, color=color, linestyle=line, linewidth=1.2, label=curve.label)
    else:
        intervals = [row.result["auc_ci95"] for _, row in curve.points]
        plot_band(axis, x, aucs, intervals, color, marker, curve.label, line)


def _place(axis: Axes, numbers: Sequence[float]) -> None:
    """Sets the scale of the axis of numbers, and labels as many numbers as fit."""
    kind = spacing(numbers)
    if kind is Spacing.log:
        axis.set_xscale("log")
    elif kind is Spacing.symlog:
        smallest = min(number for number in numbers if number > 0)
        # matplotlib's linear part has a width of 10 / 9 of linscale, in decades.
        axis.set_xscale("symlog", linthresh=smallest, linscale=0.9 * step_to_zero(numbers))
    transform = axis.get_xaxis().get_transform()
    across = transform.transform(np.array(numbers, float))
    margin = MARGIN * (across[-1] - across[0])
    axis.set_xlim(*transform.inverted().transform(np.array([across[0] - margin, across[-1] + margin])))
    written: list[int] = []
    for index, place in enumerate(across):
        if not written or place - across[written[-1]] >= MIN_TICK_SPACING * (across[-1] - across[0]):
            written.append(index)
    axis.set_xticks([numbers[index] for index in written], [f"{numbers[index]:g}" for index in written])
    axis.minorticks_off()


def _width(label: str) -> int:
    """The number of characters of a label, without matplotlib's markup."""
    return len(label.replace(r"\mathrm", "").replace("$", ""))
