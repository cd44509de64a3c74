"""Small real inputs that many tests share: drawn pairs, and the folder of real datasets where there is one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start with them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The folder of real datasets; None if the user names none.
DATA = Path(os.environ["MIA_EXP_DATA"]).expanduser().absolute() if os.environ.get("MIA_EXP_DATA") else None


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


def side_by_side(y: Image.Image, x: Image.Image) -> Image.Image:
    """Two images in one, as pix2pix distributes its pairs: the target on the left."""
    both = Image.new("RGB", (2 * x.width, x.height))
    both.paste(y, (0, 0))
    both.paste(x, (x.width, 0))
    return both


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings of 64 pixels in the layout of `$MIA_EXP_DATA`: facades, maps, cityscapes, 400 pairs or more each."""
    root = tmp_path_factory.mktemp("drawn")
    # Of different sizes: two datasets with the same ids would share a split.
    layout = (("facades", "test", 200), ("maps", "val", 210), ("cityscapes", "val", 220))
    seed = 0
    for folder, nonmembers, pairs in layout:
        for partition in ("train", nonmembers):
            (root / folder / partition).mkdir(parents=True)
            for number in range(1, pairs + 1):
                seed += 1
                x, y = draw_pair(seed)
                side_by_side(y, x).save(root / folder / partition / f"{number}.png")
    return root


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what needs real datasets that are not there, and says how to get them."""
    for mark in item.iter_markers("real_data"):
        missing = [name for name in mark.args if DATA is None or not (DATA / name).is_dir()]
        if missing:
            pytest.skip(
                f"needs {', '.join(missing)}: set MIA_EXP_DATA to a folder of datasets that holds it; "
                "see docs/datasets and, for vsd, docs/attacks.md"
            )


@pytest.fixture
def real_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real datasets, of which a test names those that it needs: `@pytest.mark.real_data("maps")`."""
    mark = request.node.get_closest_marker("real_data")
    assert mark is not None and mark.args, "a test on real data says which datasets it needs"
    assert DATA is not None
    return DATA


@pytest.fixture(scope="session", autouse=True)
def no_user_data() -> Iterator[None]:
    """What the user's `$MIA_EXP_DATA` holds changes no test; one that reads it sets it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MIA_EXP_DATA", raising=False)
        yield
