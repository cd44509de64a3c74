"""Forest plot: AUCs with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mia_exp.report.style import ATTACKS, BLIND, CHANCE, styled_figure


@dataclass(frozen=True)
class Estimate:
    """An AUC and its interval.

    Attributes:
        label: Its label, in matplotlib's notation.
        auc: The estimate.
        interval: Its 95 % interval.
        blind: Whether it does not query the model.
    """

    label: str
    auc: float
    interval: tuple[float, float]
    blind: bool


def plot_forest(estimates: Sequence[Estimate], path: Path) -> None:
    """Draws one line per estimate, the first on top.

    Args:
        estimates: The estimates.
        path: The PNG to write.
    """
    with styled_figure(path, 1.3 + 0.32 * len(estimates)) as figure:
        axis = figure.subplots()
        axis.axvline(0.5, color=CHANCE, linewidth=2, linestyle="--", zorder=0)
        for place, estimate in enumerate(reversed(estimates)):
            low, high = estimate.interval
            color = BLIND if estimate.blind else ATTACKS[0]
            axis.plot([low, high], [place, place], color=color, linewidth=2.2, solid_capstyle="butt")
            axis.plot(estimate.auc, place, color=color, marker="s" if estimate.blind else "o", markersize=7)
        axis.set_yticks(range(len(estimates)), [estimate.label for estimate in reversed(estimates)])
        axis.set_ylim(-0.7, len(estimates) - 0.3)
        axis.set_xlim(min(0.4, *(estimate.interval[0] for estimate in estimates)) - 0.02, 1.01)
        axis.grid(axis="y", visible=False)
        axis.set_xlabel("AUC with its 95 % interval; circles query the model, squares do not; dashed: chance")
