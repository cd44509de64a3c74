"""Loss maps with known errors, and a classifier's settings for them."""

import numpy as np

from mia_exp.attacks.classifier_settings import ClassifierSettings

CONFIG = ClassifierSettings(patches=4, patch_size=16, max_epochs=4, batch_size=16, learning_rate=3e-4)
SIDE = 32


def noise(count: int, amplitude: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.exponential(amplitude, (count, SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)


def names(count: int, kind: str) -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


def separated_maps() -> tuple[np.ndarray, list[str], np.ndarray]:
    """Maps with small errors (trained on) and with large ones (held out)."""
    maps = np.concatenate([noise(8, 10, 0), noise(8, 60, 1)])
    return maps, names(16, "a"), np.arange(16) >= 8
