"""Random patches of loss maps, and the maps whose patches the classifier is validated on."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from mia_exp.attacks.classifier_settings import ClassifierSettings
from mia_exp.attacks.numerics.loss_map import LossMaps
from mia_exp.core.seeds import derive, shuffled

# A patch is addressed by its epoch, its map and its number in that map.
Address = tuple[int, int, int]
# The epoch number of the patches drawn for evaluation: none of training.
EVALUATION_EPOCH = -1


class Patches(Dataset[tuple[Tensor, Tensor]]):
    """Random patches of loss maps; a patch's position depends only on seed, epoch, id and number.

    Args:
        maps: uint8 (N, H, W, 3).
        ids: Their names.
        held_out: Their labels (N,).
        config: The classifier's settings.
    """

    def __init__(
        self, maps: np.ndarray | LossMaps, ids: Sequence[str], held_out: np.ndarray, config: ClassifierSettings
    ) -> None:
        self.maps = maps
        self.ids = ids
        self.held_out = held_out
        self.config = config
        self.side = config.patch_side(maps.shape[1])

    def __getitem__(self, batch: list[Address]) -> tuple[Tensor, Tensor]:
        patches = torch.stack([self.patch(*address) for address in batch])
        return patches, torch.tensor([int(self.held_out[row]) for _, row, _ in batch])

    def patch(self, epoch: int, row: int, number: int) -> Tensor:
        """A patch, float32 (3, side, side) in [0, 1]."""
        rng = np.random.default_rng(derive(self.config.seed, "patch", epoch, self.ids[row], number))
        height, width = self.maps.shape[1:3]
        top = rng.integers(0, height - self.side, endpoint=True)
        left = rng.integers(0, width - self.side, endpoint=True)
        cut = self.maps[row, top : top + self.side, left : left + self.side]
        return torch.from_numpy(np.moveaxis(cut, -1, 0).astype(np.float32) / 255)

    def evaluated(self, row: int) -> list[Address]:
        """The patches that a map is scored by."""
        return _addresses(EVALUATION_EPOCH, row, self.config)


class PatchBatches(Sampler[list[Address]]):
    """Batches of addresses: `patches` of each map, in an order that depends only on the seed and the epoch.

    Args:
        rows: The maps, in an order that does not depend on that of all maps.
        config: The classifier's settings.
    """

    def __init__(self, rows: Sequence[int], config: ClassifierSettings) -> None:
        self.rows = rows
        self.config = config
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next pass; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._bounds())

    def __iter__(self) -> Iterator[list[Address]]:
        rng = np.random.default_rng(derive(self.config.seed, "order", self.epoch))
        addresses = [address for row in self.rows for address in _addresses(self.epoch, row, self.config)]
        order = rng.permutation(len(addresses))
        for start, end in self._bounds():
            yield [addresses[place] for place in order[start:end]]

    def _bounds(self) -> list[tuple[int, int]]:
        total, size = len(self.rows) * self.config.patches, self.config.batch_size
        bounds = [(start, min(start + size, total)) for start in range(0, total, size)]
        # Batch norm cannot normalise a batch of a single patch whose maps have one pixel.
        if len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
            bounds[-2:] = [(bounds[-2][0], total)]
        return bounds


def divided_rows(
    ids: Sequence[str], held_out: np.ndarray, config: ClassifierSettings
) -> tuple[list[int], list[int]]:
    """The maps that the classifier is trained on, and those that it is validated on.

    The same share of both classes is for validation. Whether a map is depends only on the seed and the ids of its
    class.

    Args:
        ids: The maps' names (N,).
        held_out: Their labels (N,), bool; two or more maps of each.
        config: The classifier's settings.

    Returns:
        The rows of both, each sorted by id.
    """
    row_of = {id: row for row, id in enumerate(ids)}
    validation: set[str] = set()
    for label in (False, True):
        of_class = [id for id in ids if held_out[row_of[id]] == label]
        order = shuffled(of_class, derive(config.seed, "validation"))
        validation.update(order[: config.validation_maps(len(of_class))])
    rows = [row_of[id] for id in sorted(ids)]
    return [row for row in rows if ids[row] not in validation], [row for row in rows if ids[row] in validation]


def training_loader(patches: Patches, rows: Sequence[int], num_workers: int) -> "DataLoader[tuple[Tensor, Tensor]]":
    """Batches of patches (B, 3, side, side) in [0, 1] and labels (B,); each epoch has other patches.

    Args:
        patches: Patches of all maps.
        rows: The maps that are used, in an order that does not depend on that of all maps.
        num_workers: Processes that cut patches; their number does not change the patches.
    """
    # As `sampler` and not `batch_sampler`, for which Lightning does not call `set_epoch`.
    return _loader(patches, PatchBatches(rows, patches.config), num_workers)


def validation_loader(
    patches: Patches, rows: Sequence[int], num_workers: int
) -> "DataLoader[tuple[Tensor, Tensor]]":
    """The patches of each map that it is scored by (P, 3, side, side) and their labels (P,), as one batch.

    Args:
        patches: Patches of all maps.
        rows: The maps that are used, in their order.
        num_workers: Processes that cut patches.
    """
    return _loader(patches, [patches.evaluated(row) for row in rows], num_workers)


def _addresses(epoch: int, row: int, config: ClassifierSettings) -> list[Address]:
    return [(epoch, row, number) for number in range(config.patches)]


def _loader(
    patches: Patches, batches: Sampler[list[Address]] | Sequence[list[Address]], num_workers: int
) -> "DataLoader[tuple[Tensor, Tensor]]":
    return DataLoader(
        patches, sampler=batches, batch_size=None, num_workers=num_workers, generator=torch.Generator()
    )
