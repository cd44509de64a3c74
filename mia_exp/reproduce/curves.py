"""Figures of AUC against a setting, as Figs. 4, 8, 9, 10, 11, 15, 16 and 17 of the paper: what is drawn in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mia_exp.core.column import Column
from mia_exp.reproduce.claim_cells import pixel_draws, with_alpha
from mia_exp.reproduce.estimates import SeedEstimate, estimate
from mia_exp.reproduce.scale_results import Case, Results
from mia_exp.reproduce.statistics import auc, average

# The weights of Fig. 8.
ALPHAS = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)


@dataclass(frozen=True)
class Series:
    """A line of a panel.

    Attributes:
        column: The column that it is of.
        points: The AUC over seeds, by the setting; a number, or a word for a choice.
        spread: Where a point is a mean over several draws: the smallest and the largest of them, in percent.
    """

    column: Column
    points: Mapping[Any, SeedEstimate]
    spread: Mapping[Any, tuple[float, float]] | None = None


@dataclass(frozen=True)
class PaperCurve:
    """A figure of AUC against one setting: a panel for each victim and dataset, a file for each kind of split.

    Attributes:
        label: The axis label.
        experiment: The experiment with the swept setting.
        series: The lines of a panel.
        logarithmic: Whether the axis is logarithmic.
    """

    label: str
    experiment: str
    series: Callable[[Results, Case], list[Series]]
    logarithmic: bool = False


def _swept(
    experiment: str, setting: str, columns: Sequence[str], flat: Sequence[str] = ()
) -> Callable[[Results, Case], list[Series]]:
    """Columns of an experiment by the swept setting, and columns of table1, which do not depend on it."""

    def series(results: Results, case: Case) -> list[Series]:
        values = results.values(experiment, case, setting)
        found = []
        for column in columns:
            points = {
                value: results.auc(experiment, case, column, **{setting.replace(".", "__"): value})
                for value in values
            }
            found.append(_series(results, experiment, column, points))
        constant = {column: results.auc("table1", case, column) for column in flat}
        return [
            *found,
            *(_series(results, "table1", c, dict.fromkeys(values, p)) for c, p in constant.items() if p),
        ]

    return series


def _alphas(results: Results, case: Case) -> list[Series]:
    tables, columns = results.tables("table1", case), results.columns("table1")
    of_l_mem = auc("l_mem", columns)
    points = {alpha: estimate(with_alpha(tables, alpha), of_l_mem, case.dataset) for alpha in ALPHAS}
    flat = {name: results.auc("table1", case, name) for name in ("l_rec", "l_mem_slope")}
    return [
        Series(columns["l_mem"], points),
        *(Series(columns[name], dict.fromkeys(ALPHAS, point)) for name, point in flat.items() if point),
    ]


def _shares(results: Results, case: Case) -> list[Series]:
    tables, by_share = pixel_draws(results, case)
    points, spread = {}, {}
    for share, aucs in by_share.items():
        points[share] = estimate(tables, average(aucs, "mean over draws"), case.dataset)
        of_draws = [100 * float(np.mean([one.value(table) for table in tables.values()])) for one in aucs]
        spread[share] = (min(of_draws), max(of_draws))
    error = results.auc("table1", case, "l_rec")
    return [
        Series(results.columns("fig15")["l_mem"], points, spread),
        *([_series(results, "table1", "l_rec", dict.fromkeys(by_share, error))] if error else []),
    ]


def _weighting(results: Results, case: Case) -> list[Series]:
    found = []
    for column in ("l_mem", "l_rec"):
        points = {"no": results.auc("table1", case, column), "yes": results.auc("fig17", case, column)}
        found.append(_series(results, "fig17", column, points))
    return found


def _series(results: Results, experiment: str, column: str, points: Mapping[Any, SeedEstimate | None]) -> Series:
    """A line without the points that have not finished."""
    kept = {value: point for value, point in points.items() if point is not None}
    return Series(results.columns(experiment)[column], kept)


CURVES: dict[str, PaperCurve] = {
    "fig4": PaperCurve(
        "pairs of the shadow model",
        "fig4",
        _swept("fig4", "shadow.n_pairs", ("l_mem_multi_slope", "l_mem_multi"), ("l_mem_slope", "l_rec")),
        logarithmic=True,
    ),
    "fig8": PaperCurve("alpha", "table1", _alphas),
    "fig9": PaperCurve("epochs", "fig9", _swept("fig9", "query.epoch", ("l_mem", "l_rec"))),
    "fig10": PaperCurve("sigma of the noise", "fig10", _swept("fig10", "defense.sigma", ("l_mem", "l_rec"))),
    "fig11": PaperCurve(
        "pairs of the shadow model",
        "fig11",
        _swept("fig11", "shadow.n_pairs", ("shadow_score",), ("l_mem", "l_rec")),
        logarithmic=True,
    ),
    "fig15": PaperCurve("share of the pixels that are fitted", "fig15", _shares),
    "fig16": PaperCurve("resize method", "fig16", _swept("fig16", "difficulty.resize", ("l_mem", "l_rec"))),
    "fig17": PaperCurve("victim's loss weighted by difficulty", "fig17", _weighting),
}
