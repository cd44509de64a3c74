"""The pairs of a training as Lightning takes them."""

from collections.abc import Iterator

from pytorch_lightning import LightningDataModule
from torch import Tensor

from mia_exp.data.augment import EpochBatches, TrainingPairs

# Their number does not change the error of held-out pairs.
HELD_OUT_BATCH_SIZE = 16


class PairsModule(LightningDataModule):
    """Training pairs, and held-out ones on which the error is measured after each epoch.

    Args:
        training: What is trained on.
        batch_size: Pairs in a training batch.
        seed: Seed of the order of the training pairs.
        held_out: What is not trained on; None for nothing to measure on.
    """

    def __init__(
        self, training: TrainingPairs, batch_size: int, seed: int, held_out: TrainingPairs | None = None
    ) -> None:
        super().__init__()
        self.training = training
        self.batch_size = batch_size
        self.seed = seed
        self.held_out = held_out

    def train_dataloader(self) -> EpochBatches:
        """Each pair once, augmented, in an order of the epoch's own."""
        return EpochBatches(self.training, self.batch_size, self.seed)

    def val_dataloader(self) -> "HeldOutBatches | list[HeldOutBatches]":
        """The held-out pairs, as they are."""
        return [] if self.held_out is None else HeldOutBatches(self.held_out)


class HeldOutBatches:
    """Iterates over batches of held-out pairs, in their order.

    Args:
        pairs: The pairs, not augmented.
    """

    def __init__(self, pairs: TrainingPairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return -(-len(self.pairs) // HELD_OUT_BATCH_SIZE)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for start in range(0, len(self.pairs), HELD_OUT_BATCH_SIZE):
            yield self.pairs.batch(0, range(start, min(start + HELD_OUT_BATCH_SIZE, len(self.pairs))))
