"""What a run leaves in its folder: its numbers, and the page that shows them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_exp.core.storage import atomic_write
from mia_exp.evaluation.near_duplicates import NearPair
from mia_exp.report.numbers import json_text
from mia_exp.report.run_figures import Gallery, choose_figures
from mia_exp.report.run_page import render_page


def write_numbers(
    folder: Path, metrics: Mapping[str, Any], scores: pd.DataFrame, nearest: Sequence[NearPair] = ()
) -> None:
    """Writes `scores.parquet`, `near_duplicates.csv` and `metrics.json`.

    Each file appears whole or not at all; `metrics.json` comes last, so where it is, all is.

    Args:
        folder: The run's folder.
        metrics: The content of `metrics.json`.
        scores: One row per id, one column per score or statistic, such as `l_rec` and `l_diff`; no label.
        nearest: Each non-member with the member that is nearest to it, the nearest first.

    Raises:
        ValueError: A number in `metrics` is not finite; nothing was written.
    """
    text = json_text(metrics)
    with atomic_write(folder / "scores.parquet") as path:
        scores.reset_index().to_parquet(path, index=False)
    with atomic_write(folder / "near_duplicates.csv") as path:
        _write_near(nearest, path)
    with atomic_write(folder / "metrics.json") as path:
        path.write_text(text)


def read_numbers(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Reads the content of `metrics.json`, and that of `scores.parquet` indexed by id.

    Raises:
        OSError: One of them is not there.
        ValueError: One of them is not what a run writes.
        KeyError: The scores have no ids.
    """
    metrics = json.loads((folder / "metrics.json").read_text())
    return metrics, pd.read_parquet(folder / "scores.parquet").set_index("id")


def write_page(
    folder: Path,
    members: Sequence[str],
    nonmembers: Sequence[str],
    gallery: Gallery,
    attribution: Sequence[str] = (),
) -> None:
    """Writes `figures/*.png` and `report.html`, the page last, from the numbers in the folder.

    Args:
        folder: The run's folder.
        members: Ids that the victim was trained on.
        nonmembers: Ids that it was not trained on.
        gallery: The images of these ids.
        attribution: Lines that the dataset's licence asks for wherever its images are shown.
    """
    metrics, scores = read_numbers(folder)
    figures_folder = folder / "figures"
    figures_folder.mkdir(parents=True, exist_ok=True)
    table = scores.loc[[*members, *nonmembers]]
    is_member = np.arange(len(table)) < len(members)
    figures = []
    for figure in choose_figures(metrics, table, is_member, gallery):
        with atomic_write(figures_folder / f"{figure.name}.png") as path:
            figure.draw(path)
        figures.append((figure, figures_folder / f"{figure.name}.png"))
    with atomic_write(folder / "report.html") as path:
        path.write_text(render_page(metrics, figures, attribution), encoding="utf-8")


def _write_near(nearest: Sequence[NearPair], path: Path) -> None:
    rows = [(pair.nonmember, pair.member, pair.distance) for pair in nearest if pair.is_near]
    pd.DataFrame(rows, columns=["nonmember", "member", "distance"]).to_csv(path, index=False)
