"""Training pairs in a seeded order, cropped and flipped as pix2pix does.

What is random about a pair follows from the seed, the epoch and its id: never from its place in a batch, from
the worker that loads it, or from what was drawn before.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from mia_exp.data.store import PairStore, to_tensor
from mia_exp.seeds import derive

# An epoch and a position in the list of members.
Item = tuple[int, int]


class TrainingPairs(Dataset[tuple[Tensor, Tensor]]):
    """Members as training sees them, addressed by epoch and position.

    Args:
        store: Pairs at the size that is cropped from.
        ids: The members.
        size: Side of the crop; pairs of that very size come as they are.
        seed: Seeds crops and flips.
    """

    def __init__(self, store: PairStore, ids: Sequence[str], size: int, seed: int) -> None:
        self._store = store
        self._ids = list(ids)
        self._rows = store.rows(self._ids)
        self._size = size
        self._seed = seed

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, item: Item) -> tuple[Tensor, Tensor]:
        """Returns x and y, float32 (3, size, size) in [0, 1]."""
        epoch, position = item
        row = self._rows[position]
        x, y = self._store.x[row], self._store.y[row]
        if self._store.size > self._size:
            rng = np.random.default_rng(derive(self._seed, "augment", epoch, self._ids[position]))
            x, y = augment(x, y, self._size, rng)
        return to_tensor(x), to_tensor(y)


class EpochSampler(Sampler[Item]):
    """Yields every position once an epoch, in an order that follows from the seed and the epoch.

    Args:
        length: Number of positions.
        seed: Seeds the orders.
    """

    def __init__(self, length: int, seed: int) -> None:
        self._length = length
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch; Lightning calls it before each."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[Item]:
        order = np.random.default_rng(derive(self._seed, "order", self._epoch)).permutation(self._length)
        return iter([(self._epoch, int(position)) for position in order])

    def __len__(self) -> int:
        return self._length


def augment(
    x: np.ndarray, y: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Takes the same random crop of both images and flips both or neither.

    Args:
        x: (H, W, 3) with sides of at least `size`.
        y: Of the same shape.
        size: Side of the crop.
        rng: Draws place and flip.
    """
    top = int(rng.integers(x.shape[0] - size + 1))
    left = int(rng.integers(x.shape[1] - size + 1))
    crops = [image[top : top + size, left : left + size] for image in (x, y)]
    if rng.random() < 0.5:
        crops = [crop[:, ::-1] for crop in crops]
    return crops[0], crops[1]
