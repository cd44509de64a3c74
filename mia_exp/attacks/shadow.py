"""A classifier of loss maps, trained on those of a shadow model (after He et al., 2020).

Its labels are the attacker's own: which pairs the shadow model was trained on (0) and which not (1), Eq. 4 of
Shafran, Peleg, Hoshen (2021). No membership in the victim's training set is known to it.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_lightning import Callback, LightningModule, Trainer
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision.models import resnet50

from mia_exp.config import ClassifierConfig, TrainerConfig
from mia_exp.errors import TrainingError
from mia_exp.fitting import interruptible, make_trainer, quiet_lightning
from mia_exp.progress import progress_bar, track
from mia_exp.seeds import derive

WEIGHTS_FILE = "classifier.safetensors"
LOSSES_FILE = "losses.csv"
# A patch is addressed by its epoch, its map and its number in that map.
Address = tuple[int, int, int]
# The epoch of the patches by which a map is judged: none of training.
JUDGED = -1


class LossMapClassifier(LightningModule):
    """A ResNet-50 from random weights with two classes: trained on (0), held out (1).

    Args:
        config: Its settings.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.network: nn.Module = resnet50(weights=None, num_classes=2)

    def forward(self, patches: Tensor) -> Tensor:
        """Logits (N, 2) of patches (N, 3, side, side) in [0, 1]."""
        logits: Tensor = self.network(patches)
        return logits

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The cross-entropy of a batch."""
        patches, held_out = batch
        logits = self(patches)
        loss = F.cross_entropy(logits, held_out)
        accuracy = (logits.argmax(1) == held_out).float().mean()
        metrics = {"loss": loss.detach(), "accuracy": accuracy}
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=len(patches))
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate)


class Patches(Dataset[tuple[Tensor, int]]):
    """Random patches of loss maps; a patch's place depends on seed, epoch, id and number alone.

    Args:
        maps: uint8 (N, H, W, 3).
        ids: Their names.
        held_out: Their labels (N,).
        config: The classifier's settings.
    """

    def __init__(
        self, maps: np.ndarray, ids: Sequence[str], held_out: np.ndarray, config: ClassifierConfig
    ) -> None:
        self.maps = maps
        self.ids = ids
        self.held_out = held_out
        self.seed = config.seed
        self.side = config.patch_side(maps.shape[1])

    def __getitem__(self, address: Address) -> tuple[Tensor, int]:
        epoch, row, number = address
        return self.patch(epoch, row, number), int(self.held_out[row])

    def patch(self, epoch: int, row: int, number: int) -> Tensor:
        """A patch, float32 (3, side, side) in [0, 1]."""
        rng = np.random.default_rng(derive(self.seed, "patch", epoch, self.ids[row], number))
        height, width = self.maps.shape[1:3]
        top = rng.integers(0, height - self.side, endpoint=True)
        left = rng.integers(0, width - self.side, endpoint=True)
        cut = self.maps[row, top : top + self.side, left : left + self.side]
        return torch.from_numpy(np.moveaxis(cut, -1, 0).astype(np.float32) / 255)


class PatchBatches(Sampler[list[Address]]):
    """Batches of addresses: `patches` of each map, in an order that depends on the seed and the epoch alone.

    Args:
        ids: The maps' names; their order changes nothing.
        config: The classifier's settings.
    """

    def __init__(self, ids: Sequence[str], config: ClassifierConfig) -> None:
        self.rows = [row for _, row in sorted((id, row) for row, id in enumerate(ids))]
        self.config = config
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch of the next pass; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._bounds())

    def __iter__(self) -> Iterator[list[Address]]:
        rng = np.random.default_rng(derive(self.config.seed, "order", self.epoch))
        addresses = [(self.epoch, row, number) for row in self.rows for number in range(self.config.patches)]
        order = rng.permutation(len(addresses))
        for start, end in self._bounds():
            yield [addresses[place] for place in order[start:end]]

    def _bounds(self) -> list[tuple[int, int]]:
        total, size = len(self.rows) * self.config.patches, self.config.batch_size
        bounds = [(start, min(start + size, total)) for start in range(0, total, size)]
        # Batch norm has nothing to normalise in a batch of one patch of a small map.
        if len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
            bounds[-2:] = [(bounds[-2][0], total)]
        return bounds


def train_classifier(
    maps: np.ndarray,
    ids: Sequence[str],
    held_out: np.ndarray,
    config: ClassifierConfig,
    trainer_config: TrainerConfig,
    folder: Path,
) -> None:
    """Trains the classifier on a shadow model's loss maps.

    Args:
        maps: uint8 (2N, H, W, 3).
        ids: Their names (2N,).
        held_out: Whether the shadow model was not trained on the pair (2N,), bool.
        config: Its settings.
        trainer_config: Where it is trained.
        folder: Gets `classifier.safetensors` and `losses.csv` (epoch, loss, accuracy on the training patches).

    Raises:
        TrainingError: A loss is not finite.
    """
    batches = PatchBatches(ids, config)
    loader = DataLoader(
        Patches(maps, ids, held_out, config),
        batch_sampler=batches,
        num_workers=trainer_config.num_workers,
        generator=torch.Generator(),
    )
    with torch.random.fork_rng(), quiet_lightning(), progress_bar() as progress:
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = LossMapClassifier(config)
        task = progress.add_task("training the classifier", total=config.epochs, note="")
        recorder = _Recorder(lambda note: progress.update(task, advance=1, note=note))
        with interruptible():
            make_trainer(trainer_config, config.epochs, [recorder]).fit(module, loader)
    recorder.write(folder / LOSSES_FILE)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.network.state_dict().items()}
    save_file(state, folder / WEIGHTS_FILE)


@torch.inference_mode()
def score_maps(
    folder: Path, maps: np.ndarray, ids: Sequence[str], config: ClassifierConfig, device: torch.device
) -> np.ndarray:
    """Judges loss maps.

    Args:
        folder: What `train_classifier` filled.
        maps: uint8 (M, H, W, 3).
        ids: Their names (M,).
        config: The settings that the classifier was trained with.
        device: Where it runs.

    Returns:
        (M,), float64: the mean over a map's patches of the probability of having been trained on; high means
        member. It depends on the map and its id alone.
    """
    network = LossMapClassifier(config).network
    network.load_state_dict(load_file(folder / WEIGHTS_FILE))
    network.to(device).eval()
    patches = Patches(maps, ids, np.zeros(len(ids)), config)
    scores = np.empty(len(ids))
    for row in track(range(len(ids)), "judging loss maps", len(ids)):
        cut = torch.stack([patches.patch(JUDGED, row, number) for number in range(config.patches)])
        probabilities = network(cut.to(device)).double().softmax(1)
        scores[row] = float(probabilities[:, 0].mean())
    return scores


class _Recorder(Callback):
    """Checks and keeps each epoch's loss and accuracy."""

    def __init__(self, report: Any) -> None:
        self.report = report
        self.rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        row = {name: float(trainer.callback_metrics[name]) for name in ("loss", "accuracy")}
        epoch = trainer.current_epoch + 1
        if not math.isfinite(row["loss"]):
            raise TrainingError(
                f"the loss-map classifier diverged in epoch {epoch}. Try a lower attack.classifier.learning_rate."
            )
        self.rows.append({"epoch": epoch, **row})
        self.report(f"epoch {epoch}, accuracy {row['accuracy']:.2f}")

    def write(self, path: Path) -> None:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=["epoch", "loss", "accuracy"])
            writer.writeheader()
            writer.writerows(self.rows)
