"""Training pairs, cropped and flipped at random as pix2pix does, the same in any order and on any worker."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from mia_exp.data.store import PairStore, to_tensor
from mia_exp.seeds import derive

# Where a training pair is addressed: its epoch, and its position in the list of ids.
Address = tuple[int, int]


def augmented(x: np.ndarray, y: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Crops both images of a pair at one random place, and mirrors both or neither.

    Args:
        x: Input, uint8 (L, L, 3) with L >= size.
        y: Target, the same shape.
        size: Side of the crop in pixels.
        rng: Source of the randomness.

    Returns:
        x and y, uint8 (size, size, 3).
    """
    top, left = rng.integers(0, x.shape[0] - size, size=2, endpoint=True)
    step = -1 if rng.random() < 0.5 else 1
    x, y = (image[top : top + size, left : left + size][:, ::step] for image in (x, y))
    return x, y


class TrainingPairs(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The pairs that a victim is trained on, addressed by `(epoch, position)`.

    An item is x and y, float32 (3, size, size) in [0, 1]. Its crop and flip depend on the seed, the epoch and
    the id alone. Pairs that are stored at `size` come as they are.

    Args:
        store: The pairs, at `size` or larger.
        ids: Those to train on.
        size: Side of the crops in pixels.
        seed: Seed of crops and flips.
    """

    def __init__(self, store: PairStore, ids: Sequence[str], size: int, seed: int) -> None:
        self.store = store
        self.ids = list(ids)
        self.size = size
        self.seed = seed

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, address: Address) -> tuple[torch.Tensor, torch.Tensor]:
        epoch, position = address
        id = self.ids[position]
        row = self.store.rows([id])[0]
        x, y = self.store.x[row], self.store.y[row]
        if self.store.size != self.size:
            rng = np.random.default_rng(derive(self.seed, "augmentation", epoch, id))
            x, y = augmented(x, y, self.size, rng)
        return to_tensor(x), to_tensor(y)


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
