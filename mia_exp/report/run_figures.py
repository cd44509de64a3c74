"""The figures of a report, with their captions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mia_exp.core.column import Column
from mia_exp.evaluation.evaluate import as_membership_score
from mia_exp.report.column_titles import columns_of, math_title
from mia_exp.report.images import IMAGES_PER_ROW, plot_difficulty_extremes, plot_exposed
from mia_exp.report.score_plots import plot_error_against_difficulty, plot_histograms, plot_roc, plot_training


class Gallery(Protocol):
    """Images by id, each uint8 (len(ids), H, W, 3); inputs may have a fourth channel of instance boundaries."""

    def x(self, ids: list[str]) -> NDArray[np.uint8]:
        """The inputs."""

    def y(self, ids: list[str]) -> NDArray[np.uint8]:
        """The targets."""

    def v(self, ids: list[str]) -> NDArray[np.uint8]:
        """The model's outputs; only called if a model was queried."""


@dataclass(frozen=True)
class ReportFigure:
    """A figure with its heading and caption.

    Attributes:
        name: The file's name, without `.png`.
        title: Its heading.
        caption: How to read it.
        draw: Writes the PNG to a given path.
    """

    name: str
    title: str
    caption: str
    draw: partial[None]


def choose_figures(
    metrics: Mapping[str, Any], table: pd.DataFrame, is_member: NDArray[np.bool_], gallery: Gallery
) -> list[ReportFigure]:
    """The figures of one run, in reading order.

    Args:
        metrics: The content of `metrics.json`.
        table: Scores by id, N rows; has `l_diff`, and `l_rec` if a victim was queried.
        is_member: (N,).
        gallery: The images of these ids.

    Raises:
        KeyError: The metrics do not describe a column of the table.
    """
    declared = columns_of(metrics)
    columns = {name: declared[name] for name in table.columns}
    attacks = [column for column in columns.values() if not column.blind]
    blind = [column for column in columns.values() if column.blind]
    headline = columns[metrics["headline"]]
    shown = [columns[name] for name in dict.fromkeys(("l_rec", headline.name)) if name in columns]
    figures = [
        ReportFigure(
            "roc",
            "ROC curves",
            "Each point is a threshold: the true-positive rate (share of members found) against the false-positive "
            "rate (share of non-members classified as members). The diagonal is chance. Dashed curves do not query "
            "the model. Right: the same on logarithmic axes, which show low false-positive rates, where an "
            "attacker makes few errors.",
            partial(plot_roc, table, is_member, attacks, blind),
        ),
        ReportFigure(
            "histograms",
            "Members and non-members on each score",
            _directions(shown)
            + "The less the two groups overlap, the better a threshold separates them. After Fig. 3 "
            "of the paper.",
            partial(plot_histograms, table, is_member, shown),
        ),
        _extremes("difficulty-extremes", columns["l_diff"], table, gallery),
    ]
    # Difficulties: the columns that attacks subtract, and L_diff, which every run has.
    names = dict.fromkeys(["l_diff", *(column.subtracts for column in attacks if column.subtracts)])
    difficulties = [columns[name] for name in names if name in columns]
    figures += [
        _extremes(f"{difficulty.name.replace('_', '-')}-extremes", difficulty, table, gallery)
        for difficulty in difficulties[1:]
    ]
    if "l_rec" in columns:
        figures.insert(2, _error_against_difficulty(table, is_member, columns["l_rec"], difficulties))
        if metrics.get("training"):
            figures.insert(3, _training(metrics["training"]))
        figures.append(_exposed_members(table[is_member], headline, columns, gallery))
    return figures


def _directions(columns: list[Column]) -> str:
    """The direction in which members differ on each axis, if the model was queried."""
    if "l_rec" not in [column.name for column in columns]:
        return ""
    higher = [column.title for column in columns if column.higher_is_member]
    return f"Members tend to have lower errors (L){f' and a higher {higher[0]}' if higher else ''}. "


def _error_against_difficulty(
    table: pd.DataFrame, is_member: NDArray[np.bool_], error: Column, difficulties: list[Column]
) -> ReportFigure:
    names = [error.name, *(column.name for column in difficulties)]
    return ReportFigure(
        "error-against-difficulty",
        "Reconstruction error against difficulty",
        "If the two correlate, difficult images have higher errors, whether members or not; subtracting the "
        "difficulty then removes a part of the error that is unrelated to membership. After Fig. 5 of the paper.",
        partial(plot_error_against_difficulty, table[names], is_member, error, difficulties),
    )


def _training(errors: Mapping[str, Sequence[float]]) -> ReportFigure:
    return ReportFigure(
        "training",
        "The victim's error while it was trained",
        "The mean L1 error, on the [0, 1] scale: of the training batches of each epoch, as they were augmented and "
        "with dropout where it is used; and of held-out pairs after that epoch, as they are. Nothing was trained "
        "on the latter. Where the two part, the victim memorises: that gap is what an attack sees.",
        partial(plot_training, dict(errors)),
    )


def _extremes(name: str, column: Column, table: pd.DataFrame, gallery: Gallery) -> ReportFigure:
    difficulty = table[column.name].sort_values(kind="stable")
    easiest, hardest = difficulty.head(IMAGES_PER_ROW), difficulty.tail(IMAGES_PER_ROW).iloc[::-1]
    return ReportFigure(
        name,
        f"Easiest and hardest images by {column.title}",
        f"The targets with the lowest and the highest {column.title}, {column.meaning}, among members and "
        f"non-members; the number is that score. After Figs. 1 and 13 of the paper.",
        partial(
            plot_difficulty_extremes,
            gallery.y(easiest.index.tolist()),
            gallery.y(hardest.index.tolist()),
            [f"{score:.3f}" for score in easiest],
            [f"{score:.3f}" for score in hardest],
        ),
    )


def _exposed_members(
    members: pd.DataFrame, headline: Column, columns: Mapping[str, Column], gallery: Gallery
) -> ReportFigure:
    as_score = as_membership_score(headline, members[headline.name].to_numpy(dtype=np.float64))
    exposed = members.iloc[np.argsort(-as_score, kind="stable")[:IMAGES_PER_ROW]]
    ids = exposed.index.tolist()
    names = [name for name in dict.fromkeys((headline.name, "l_rec", "l_diff")) if name in columns]
    # A title of several words is wider than an image.
    short = {name: math_title(columns[name]) if "_" in columns[name].title else "score" for name in names}
    captions = [
        "\n".join(f"{short[name]} {score:.3f}" for name, score in zip(names, scores, strict=True))
        for scores in exposed[names].to_numpy()
    ]
    return ReportFigure(
        "exposed-members",
        "The most exposed members",
        f"The training images that {headline.title} ranks highest as members: the input, the target that the model "
        "was trained on, and its output.",
        partial(plot_exposed, gallery.x(ids)[..., :3], gallery.y(ids), gallery.v(ids), captions),
    )
