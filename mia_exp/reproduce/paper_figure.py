"""A figure for print: vector PDF beside the PNG."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib.figure import Figure

from mia_exp.report.style import styled_figure


@contextmanager
def paper_figure(stem: Path, height: float) -> Iterator[Figure]:
    """A figure that is saved as PNG and PDF when the block ends, with the same bytes for the same content.

    Args:
        stem: The file's path without extension.
        height: In inches.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    with styled_figure(stem.with_suffix(".png"), height) as figure:
        yield figure
        figure.savefig(stem.with_suffix(".pdf"), metadata={"CreationDate": None})
