"""Synthetic pairs, as many as a benchmark asks for."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64


def draw_pairs(folder: Path, count: int) -> None:
    """Writes `count` pairs of blurred noise for `dataset=folder`, `SIDE` pixels wide and high."""
    rng = np.random.default_rng(0)
    for part in ("inputs", "targets"):
        (folder / part).mkdir(parents=True)
        for number in range(count):
            cells = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
            cells.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / part / f"{number:05d}.png")
