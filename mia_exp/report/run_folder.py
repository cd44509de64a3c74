"""What a run leaves in its folder: metrics, scores, figures, page."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_exp.report.figures import Gallery, choose_figures
from mia_exp.report.page import render_page


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
    table = scores.set_index("id").loc[[*members, *nonmembers]]
    is_member = np.arange(len(table)) < len(members)
    figures = []
    for figure in choose_figures(metrics, table, is_member, gallery):
        with _whole(figures_folder / f"{figure.name}.png") as path:
            figure.draw(path)
        figures.append((figure, figures_folder / f"{figure.name}.png"))
    with _whole(folder / "report.html") as path:
        path.write_text(render_page(metrics, figures, attribution), encoding="utf-8")


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """`metrics.json` as text: sorted keys, two spaces, a final newline.

    Raises:
        ValueError: A number is not finite, which JSON cannot say.
    """
    return json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False) + "\n"


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends well, and is removed when it does not."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
