"""Training pairs, cropped and flipped at random as pix2pix does, the same in any order and on any worker."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from mia_exp.data.store import PairStore, to_tensor
from mia_exp.seeds import derive

# Where a training pair is addressed: its epoch, and its position in the list of ids.
Address = tuple[int, int]


def augmented(
    x: np.ndarray, y: np.ndarray, size: int, flip: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Crops both images of a pair at one random place, and mirrors both or neither.

    Args:
        x: Input, uint8 (L, L, C) with L >= size.
        y: Target, uint8 (L, L, 3).
        size: Side of the crop in pixels.
        flip: Mirror half of the pairs.
        rng: Source of the randomness.

    Returns:
        x and y, uint8 (size, size, ...).
    """
    top, left = rng.integers(0, x.shape[0] - size, size=2, endpoint=True)
    step = -1 if flip and rng.random() < 0.5 else 1
    x, y = (image[top : top + size, left : left + size][:, ::step] for image in (x, y))
    return x, y


class TrainingPairs(Dataset[tuple[torch.Tensor, torch.Tensor, float]]):
    """The pairs that a victim is trained on, addressed by `(epoch, position)`.

    An item is x, float32 (C, size, size) in [0, 1], y, float32 (3, size, size) in [0, 1], and its weight. Its
    crop and flip depend on the seed, the epoch and the id alone.

    Args:
        store: The pairs, at `size` or larger.
        ids: Those to train on.
        size: Side of the crops in pixels.
        augment: Crop at random where the stored pairs are larger, and mirror half of them.
        seed: Seed of crops and flips.
        weights: How much each id counts, in their order; each 1 by default.
    """

    def __init__(
        self,
        store: PairStore,
        ids: Sequence[str],
        size: int,
        augment: bool,
        seed: int,
        weights: Sequence[float] | None = None,
    ) -> None:
        self.store = store
        self.ids = list(ids)
        self.size = size
        self.augment = augment
        self.seed = seed
        self.weights = [1.0] * len(self.ids) if weights is None else list(weights)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, address: Address) -> tuple[torch.Tensor, torch.Tensor, float]:
        epoch, position = address
        id = self.ids[position]
        row = self.store.rows([id])[0]
        x, y = self.store.x[row], self.store.y[row]
        if self.augment:
            rng = np.random.default_rng(derive(self.seed, "augmentation", epoch, id))
            x, y = augmented(x, y, self.size, flip=True, rng=rng)
        return to_tensor(x), to_tensor(y), self.weights[position]


class EpochSampler(Sampler[Address]):
    """Addresses of all pairs, in an order that depends on the seed and the epoch alone.

    Args:
        n: Number of pairs.
        seed: Seed of the order.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n = n
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch of the next pass; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Address]:
        rng = np.random.default_rng(derive(self.seed, "order", self.epoch))
        return ((self.epoch, int(position)) for position in rng.permutation(self.n))
