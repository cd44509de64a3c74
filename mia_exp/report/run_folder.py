"""The files of a run's folder: metrics, scores, figures, page."""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_exp.core.storage import atomic_write
from mia_exp.evaluation import NearPair
from mia_exp.report.figures import Gallery, ReportFigure, choose_figures
from mia_exp.report.numbers import json_text
from mia_exp.report.page import render_page

# The last figure of each name, with the digest of its content: the jobs of a sweep share most figures, and drawing
# takes most of the time of a job whose stages are cached.
_last: dict[str, tuple[bytes, bytes]] = {}


def write_report(
    folder: Path,
    metrics: Mapping[str, Any],
    scores: pd.DataFrame,
    members: Sequence[str],
    nonmembers: Sequence[str],
    gallery: Gallery,
    attribution: Sequence[str] = (),
    nearest: Sequence[NearPair] = (),
) -> None:
    """Writes `metrics.json`, `scores.parquet`, `near_duplicates.csv`, `figures/*.png` and `report.html`.

    Each file is written atomically; the page is written last, so if it exists, all other files do.

    Args:
        folder: The run's folder.
        metrics: The content of `metrics.json`.
        scores: One row per id, one column per score or statistic, such as `l_rec` and `l_diff`; no label.
        members: Ids that the victim was trained on.
        nonmembers: Ids that it was not trained on.
        gallery: The images of these ids.
        attribution: Lines that the dataset's licence requires wherever its images are shown.
        nearest: Each non-member with its nearest member, sorted by distance.

    Raises:
        ValueError: A number in `metrics` is not finite; nothing was written.
    """
    text = json_text(metrics)
    figures_folder = folder / "figures"
    figures_folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "metrics.json") as path:
        path.write_text(text)
    with atomic_write(folder / "scores.parquet") as path:
        scores.reset_index().to_parquet(path, index=False)
    with atomic_write(folder / "near_duplicates.csv") as path:
        _write_near(nearest, path)
    table = scores.loc[[*members, *nonmembers]]
    is_member = np.arange(len(table)) < len(members)
    figures = []
    for figure in choose_figures(metrics, table, is_member, gallery):
        with atomic_write(figures_folder / f"{figure.name}.png") as path:
            path.write_bytes(_drawn(figure, path))
        figures.append((figure, figures_folder / f"{figure.name}.png"))
    with atomic_write(folder / "report.html") as path:
        path.write_text(render_page(metrics, figures, attribution), encoding="utf-8")


def _write_near(nearest: Sequence[NearPair], path: Path) -> None:
    rows = [(pair.nonmember, pair.member, pair.distance) for pair in nearest if pair.is_near]
    pd.DataFrame(rows, columns=["nonmember", "member", "distance"]).to_csv(path, index=False)


def _drawn(figure: ReportFigure, path: Path) -> bytes:
    """The PNG; drawn to `path`, unless the previous figure of that name in this process had the same content."""
    shown = pickle.dumps((figure.draw.func.__name__, figure.draw.args))
    digest = hashlib.sha256(shown).digest()
    before, image = _last.get(figure.name, (b"", b""))
    if digest != before:
        figure.draw(path)
        image = path.read_bytes()
        _last[figure.name] = digest, image
    return image
