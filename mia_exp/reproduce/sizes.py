"""AUC against the size of the images: where the numbers are heading, on the way to the paper's 256 pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes

from mia_exp.attacks.attack import L_REC
from mia_exp.attacks.augmented import Augmented
from mia_exp.attacks.ours import Ours
from mia_exp.report.column_titles import math_title
from mia_exp.report.interval_band import plot_band
from mia_exp.report.style import ATTACKS, CHANCE
from mia_exp.reproduce.catalogue import SCALES
from mia_exp.reproduce.estimates import SeedEstimate
from mia_exp.reproduce.paper_figure import paper_figure
from mia_exp.reproduce.published import FACADES, PIX2PIX, PUBLISHED
from mia_exp.reproduce.scale_results import NAMES, Case, Results

SIZES = "sizes"
SPLITS = ("random", "official")
PAPER_SIDE = 256
COLUMNS = {column.name: column for column in (L_REC, *Ours.columns, *Augmented.columns)}
MARKERS = ("o", "s", "^")


@dataclass(frozen=True)
class SizedScore:
    """A score whose AUC is followed over sizes.

    Attributes:
        column: Its column.
        experiments: The experiments that have it, by scale.
    """

    column: str
    experiments: Mapping[str, str]


SCORES = (
    SizedScore("l_rec", {"cpu": "table1", "half": "sizes", "paper": "table1"}),
    SizedScore("l_mem", {"cpu": "table1", "half": "sizes", "paper": "table1"}),
    SizedScore("l_mem_aug", {"cpu": "table4", "half": "sizes_augmented", "paper": "table4"}),
)


def sized(results: Path, score: SizedScore, split: str) -> dict[int, SeedEstimate]:
    """The AUC of pix2pix on Facades by the side of the images in pixels."""
    found = {}
    for scale in SCALES:
        here, experiment = Results(results / scale), score.experiments[scale]
        case = Case(PIX2PIX, FACADES, split)
        if point := here.auc(experiment, case, score.column):
            found[here.select(experiment, case)[0].about["victim"]["image_size"]] = point
    return found


def plot_sizes(results: Path) -> list[Path]:
    """Draws `results/half/sizes.png`, with the published numbers at 256 pixels, where there are results.

    Returns:
        The PNG file; empty if nothing was run at half size.
    """
    here = Results(results / "half")
    if not here.runs("sizes"):
        return []
    stem = results / "half" / SIZES
    with paper_figure(stem, 4.2) as figure:
        axes = figure.subplots(1, len(SPLITS), squeeze=False, sharey=True)[0]
        for axis, split in zip(axes, SPLITS, strict=True):
            for score, color, marker in zip(SCORES, ATTACKS, MARKERS, strict=False):
                points = sized(results, score, split)
                _draw(axis, points, color, marker, math_title(COLUMNS[score.column]))
                [published] = PUBLISHED[score.column][PIX2PIX, FACADES]
                axis.plot(PAPER_SIDE, published.value, color=color, marker=marker, fillstyle="none", linestyle="")
            axis.axhline(50, color=CHANCE, linewidth=1.5, linestyle="--", zorder=0)
            axis.set_xscale("log", base=2)
            axis.set_xticks([64, 128, PAPER_SIDE], ["64", "128", str(PAPER_SIDE)])
            axis.set(xlabel="pixels", title=f"{NAMES[PIX2PIX]} {NAMES[FACADES]}, {split} split")
        axes[0].set_ylabel("AUC, %")
        handles, labels = axes[0].get_legend_handles_labels()
        title = "hollow: published, on the official split"
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), title=title)
    return [stem.with_suffix(".png")]


def _draw(axis: Axes, points: Mapping[int, SeedEstimate], color: str, marker: str, label: str) -> None:
    sides: Sequence[int] = sorted(points)
    values = [100 * points[side].value for side in sides]
    intervals = [[100 * end for end in points[side].interval()] for side in sides]
    plot_band(axis, sides, values, intervals, color, marker, label)
