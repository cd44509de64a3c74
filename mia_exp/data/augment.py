"""Training pairs, randomly cropped and flipped as in pix2pix, independent of order and batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from mia_exp.core.device import send
from mia_exp.core.seeds import derive
from mia_exp.data.crop import Crop
from mia_exp.data.store import PairStore

# Pairs are kept on a GPU if they take at most this share of its free memory.
RESIDENT_SHARE = 0.25

CPU = torch.device("cpu")


class TrainingPairs:
    """The pairs that a victim is trained on, as uint8, on the training device if they fit into its memory.

    Args:
        store: The pairs, at `size` or larger.
        ids: Ids of the training pairs.
        size: Side of the crops in pixels.
        augment: Crop randomly if the stored pairs are larger, and flip half of them.
        seed: Seed of crops and flips.
        weights: Loss weight of each id, in the order of `ids`; 1 by default.
        device: Where batches are assembled.
    """

    def __init__(
        self,
        store: PairStore,
        ids: Sequence[str],
        size: int,
        augment: bool,
        seed: int,
        weights: Sequence[float] | None = None,
        device: torch.device = CPU,
    ) -> None:
        self.ids = list(ids)
        self.size = size
        self.augment = augment
        self.seed = seed
        self.device = device
        self._weights = torch.tensor([1.0] * len(self.ids) if weights is None else list(weights)).to(device)
        rows = store.rows(self.ids)
        self._x, self._y = torch.from_numpy(store.x), torch.from_numpy(store.y)
        self._rows = rows.tolist()
        if device.type == "cuda":
            needed = len(rows) * (self._x[0].numel() + self._y[0].numel())
            if needed <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
                self._x, self._y = (images[rows].to(device) for images in (self._x, self._y))
                self._rows = list(range(len(rows)))

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, epoch: int, positions: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Augmented pairs of an epoch: an image's crop and flip depend only on the seed, the epoch and its id.

        Args:
            epoch: Counted from 0.
            positions: Indices into the list of ids.

        Returns:
            x, float32 (N, C, size, size) in [0, 1], y, float32 (N, 3, size, size) in [0, 1], and the loss weights,
            float32 (N,).
        """
        crops = [self._crop(epoch, self.ids[position]) for position in positions]
        rows = [self._rows[position] for position in positions]
        x, y = (
            torch.stack([_cropped(images[row], crop) for row, crop in zip(rows, crops, strict=True)])
            for images in (self._x, self._y)
        )
        return self._as_floats(x), self._as_floats(y), self._weights[list(positions)]

    def _crop(self, epoch: int, id: str) -> Crop:
        if not self.augment:
            return Crop(0, 0, self.size, flipped=False)
        rng = np.random.default_rng(derive(self.seed, "augmentation", epoch, id))
        return Crop.draw(self._x.shape[1], self.size, True, rng)

    def _as_floats(self, images: Tensor) -> Tensor:
        """uint8 (N, H, W, C) to float32 (N, C, H, W) in [0, 1]; values are transferred to the device as bytes."""
        images = send(images, self.device)
        return images.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format) / 255


class EpochBatches:
    """Iterates over an epoch's batches, in an order that depends only on the seed and the epoch.

    Args:
        pairs: The pairs.
        batch_size: Pairs per batch; the last batch may be smaller.
        seed: Seed of the order.

    Attributes:
        sampler: The order; the trainer sets its epoch.
    """

    def __init__(self, pairs: TrainingPairs, batch_size: int, seed: int) -> None:
        self.pairs = pairs
        self.batch_size = batch_size
        self.sampler = EpochOrder(len(pairs), seed)

    def __len__(self) -> int:
        return -(-len(self.pairs) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        order = list(self.sampler)
        for start in range(0, len(order), self.batch_size):
            yield self.pairs.batch(self.sampler.epoch, order[start : start + self.batch_size])


class EpochOrder(Sampler[int]):
    """All positions, in an order that depends only on the seed and the epoch.

    Args:
        n: Number of pairs.
        seed: Seed of the order.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n = n
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next pass; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng(derive(self.seed, "order", self.epoch))
        return iter(rng.permutation(self.n).tolist())


def _cropped(image: Tensor, crop: Crop) -> Tensor:
    cropped = image[crop.top : crop.top + crop.size, crop.left : crop.left + crop.size]
    return cropped.flip(1) if crop.flipped else cropped
