"""The style of figures: a palette for colour-blind readers, and how figures are made and saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure

# Okabe and Ito's palette, distinguishable with all common colour-vision deficiencies.
MEMBER = "#d55e00"
NONMEMBER = "#0072b2"
ATTACKS = ("#000000", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
BLIND = "#767676"
CHANCE = "#c0c6cd"
BLIND_DASHES = (
    (0, (6, 2)),
    (0, (3, 2)),
    (0, (1, 1.5)),
    (0, (6, 2, 1, 2)),
    (0, (9, 3)),
    (0, (3, 1, 1, 1, 1, 1)),
)


# Inches; the same for all figures, so that their text has the same size on the page.
WIDTH = 10.0


# Of zlib: a third of the default's time for files a thirtieth larger.
COMPRESS_LEVEL = 4


@contextmanager
def styled_figure(path: Path, height: float) -> Iterator[Figure]:
    """A figure of `height` inches, saved as PNG when the block ends.

    It does not use pyplot, so it has no window and no global state.
    """
    with matplotlib.style.context("mia_exp.report.figures"):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        yield figure
        figure.savefig(path, pil_kwargs={"compress_level": COMPRESS_LEVEL})
