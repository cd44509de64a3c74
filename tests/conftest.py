"""Small real inputs that many tests share: drawn pairs, and the folder of real data where it is there."""

import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start with them.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def draw_pair(seed: int, size: int = 64) -> tuple[Image.Image, Image.Image]:
    """A drawing of three random shapes: x is its outlines, y has them filled, on a shaded ground."""
    rng = np.random.default_rng(seed)
    x, y = Image.new("RGB", (size, size), "white"), Image.new("RGB", (size, size))
    ramp = np.linspace(rng.integers(60, 120), rng.integers(160, 250), size)
    y.paste(Image.fromarray(np.tile(ramp.astype(np.uint8), (size, 1))))
    for _ in range(3):
        left, top = rng.integers(0, size // 2, 2).tolist()
        width, height = rng.integers(size // 6, size // 2, 2).tolist()
        box = (left, top, left + width, top + height)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        for image, fill in ((x, None), (y, colour)):
            ImageDraw.Draw(image).ellipse(box, fill=fill, outline="black")
    return x, y


@pytest.fixture(scope="session")
def folder_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder dataset of 24 drawn pairs of 64 pixels: inputs/NN.png and targets/NN.png."""
    root = tmp_path_factory.mktemp("pairs")
    for folder in ("inputs", "targets"):
        (root / folder).mkdir()
    for number in range(24):
        x, y = draw_pair(number)
        x.save(root / "inputs" / f"{number:02d}.png")
        y.save(root / "targets" / f"{number:02d}.png")
    return root


@pytest.fixture(scope="session")
def searched_photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings of a small set of drawn photos with search scores of their own."""
    folder = tmp_path_factory.mktemp("vsd")
    (folder / "photos").mkdir()
    lines = []
    for number in range(12):
        draw_pair(number)[1].save(folder / "photos" / f"2008_{number:06d}.jpg")
        lines.append(f"2008_{number:06d},{3 + number / 10}")
    (folder / "scores.csv").write_text("\n".join(lines))
    return [f"visual_search.scores={folder}/scores.csv", f"visual_search.photos={folder}/photos"]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real datasets in {SHARED_DATA.name}/, which this machine has not")
    return SHARED_DATA
