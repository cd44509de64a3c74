from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

LEFT, RIGHT = (200, 100, 50), (10, 20, 30)


@pytest.fixture(autouse=True)
def no_user_data(monkeypatch):
    monkeypatch.delenv("MIA_EXP_DATA", raising=False)


@pytest.fixture
def real_data() -> Path:
    """The folder of real datasets beside the checkout, where there is one."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real datasets at {folder}")
    return folder


@pytest.fixture
def side_by_side() -> Callable[..., Path]:
    """Writes `partition/NAME.png`, plain colours side by side: LEFT and RIGHT."""

    def write(root: Path, partition_names: dict[str, list[str]], side: int = 32) -> Path:
        pixels = np.zeros((side, 2 * side, 3), np.uint8)
        pixels[:, :side], pixels[:, side:] = LEFT, RIGHT
        for partition, names in partition_names.items():
            (root / partition).mkdir(parents=True)
            for name in names:
                Image.fromarray(pixels).save(root / partition / f"{name}.png")
        return root

    return write
