from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

LEFT, RIGHT = (200, 100, 50), (10, 20, 30)


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
