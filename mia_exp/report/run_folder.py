"""What a run leaves in its folder: metrics, scores, figures, page."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mia_exp.report.curves import plot_error_against_difficulty, plot_histograms, plot_roc
from mia_exp.report.images import plot_difficulty_extremes, plot_exposed
from mia_exp.report.page import FigureOnPage, render_page

# Images in a row of a figure.
SHOWN = 8


class Gallery(Protocol):
    """Images by id, each uint8 (len(ids), H, W, 3)."""

    def x(self, ids: list[str]) -> NDArray[np.uint8]:
        """The inputs."""

    def y(self, ids: list[str]) -> NDArray[np.uint8]:
        """The targets."""

    def v(self, ids: list[str]) -> NDArray[np.uint8]:
        """The model's answers."""


def write_report(
    folder: Path,
    metrics: Mapping[str, Any],
    scores: pd.DataFrame,
    members: Sequence[str],
    nonmembers: Sequence[str],
    gallery: Gallery,
    attribution: Sequence[str] = (),
) -> None:
    """Writes `metrics.json`, `scores.parquet`, `figures/*.png` and `report.html`.

    Each file appears whole or not at all; the page comes last, so where it is, all is.

    Args:
        folder: The run's folder.
        metrics: What `metrics.json` is to hold.
        scores: Columns `id`, `l_rec`, `l_diff`, `l_mem` and others; no label.
        members: Ids that the victim was trained on.
        nonmembers: Ids that it was not trained on.
        gallery: The images of these ids.
        attribution: Lines that the dataset's licence asks for wherever its images are shown.

    Raises:
        ValueError: A number in `metrics` is not finite; nothing was written.
    """
    text = metrics_text(metrics)
    figures_folder = folder / "figures"
    figures_folder.mkdir(parents=True, exist_ok=True)
    with _whole(folder / "metrics.json") as path:
        path.write_text(text)
    with _whole(folder / "scores.parquet") as path:
        scores.to_parquet(path, index=False)
    figures = _draw(figures_folder, metrics, scores, members, nonmembers, gallery)
    with _whole(folder / "report.html") as path:
        path.write_text(render_page(json.loads(text), figures, attribution), encoding="utf-8")


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """`metrics.json` as text: sorted keys, two spaces, a final newline.

    Raises:
        ValueError: A number is not finite, which JSON cannot say.
    """
    return json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _draw(
    folder: Path,
    metrics: Mapping[str, Any],
    scores: pd.DataFrame,
    members: Sequence[str],
    nonmembers: Sequence[str],
    gallery: Gallery,
) -> list[FigureOnPage]:
    table = scores.set_index("id").loc[[*members, *nonmembers]]
    is_member = np.arange(len(table)) < len(members)
    attacks = [name for name in metrics["attacks"] if name in table]
    blind = [name for name in metrics["blind"] if name in table]
    figures = []

    with _whole(folder / "roc.png") as path:
        plot_roc(table, is_member, attacks, blind, path)
    figures.append(
        FigureOnPage(
            folder / "roc.png",
            "ROC curves",
            "Each point is a threshold: how many members it finds (up) for how many non-members it accuses "
            "(right). The diagonal is guessing. Dashed curves never query the model. The right panel is the same "
            "on logarithmic axes, where the rare false alarms are: an attacker who must not be wrong lives at "
            "its left edge.",
        )
    )
    with _whole(folder / "histograms.png") as path:
        plot_histograms(table, is_member, [name for name in ("l_rec", "l_mem") if name in attacks], path)
    figures.append(
        FigureOnPage(
            folder / "histograms.png",
            "Members and non-members on each score",
            "Errors of members lie further left. The less the two groups overlap, the better one threshold tells "
            "them apart. The paper's Fig. 3.",
        )
    )
    with _whole(folder / "error-against-difficulty.png") as path:
        plot_error_against_difficulty(table, is_member, path)
    figures.append(
        FigureOnPage(
            folder / "error-against-difficulty.png",
            "Reconstruction error against difficulty",
            "Hard images are reconstructed worse, member or not. Where both correlate, subtracting the "
            "difficulty removes a part of the error that says nothing about membership. The paper's Fig. 5.",
        )
    )
    by_difficulty = table.sort_values("l_diff")
    easiest, hardest = by_difficulty.head(SHOWN), by_difficulty.tail(SHOWN).iloc[::-1]
    with _whole(folder / "difficulty-extremes.png") as path:
        plot_difficulty_extremes(
            gallery.y(list(easiest.index)),
            gallery.y(list(hardest.index)),
            easiest["l_diff"].tolist(),
            hardest["l_diff"].tolist(),
            path,
        )
    figures.append(
        FigureOnPage(
            folder / "difficulty-extremes.png",
            "Easiest and hardest images",
            "Targets with the lowest and the highest L_diff among members and non-members; the number is L_diff. "
            "The paper's Fig. 1.",
        )
    )
    exposed = table[is_member].sort_values("l_mem").head(SHOWN)
    ids = list(exposed.index)
    captions = [
        f"L_mem {row['l_mem']:.3f}\nL_rec {row['l_rec']:.3f}\nL_diff {row['l_diff']:.3f}"
        for _, row in exposed.iterrows()
    ]
    with _whole(folder / "exposed-members.png") as path:
        plot_exposed(gallery.x(ids), gallery.y(ids), gallery.v(ids), captions, path)
    figures.append(
        FigureOnPage(
            folder / "exposed-members.png",
            "The most exposed members",
            "The training images with the lowest L_mem: those that the attack gives away first.",
        )
    )
    return figures


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends well, and is removed when it does not."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
