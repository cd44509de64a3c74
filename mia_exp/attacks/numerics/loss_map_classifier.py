"""A classifier of loss maps, trained on those of a shadow model (after He et al., 2020).

Its labels are the attacker's own: whether the shadow model was trained on a pair (0) or not (1), Eq. 4 of Shafran,
Peleg, Hoshen (2021). It uses no label of membership in the victim's training set.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from pytorch_lightning.loggers import Logger
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision.models import resnet50

from mia_exp.attacks.classifier_settings import ClassifierSettings
from mia_exp.attacks.numerics.loss_map import LossMaps
from mia_exp.core.errors import WeightsError
from mia_exp.core.keys import plain
from mia_exp.core.progress import track
from mia_exp.core.reading import short
from mia_exp.core.seeds import derive
from mia_exp.core.tensor_file import FileKind, check_tensors
from mia_exp.training.check_finite import CheckFinite
from mia_exp.training.fitting import interruptible, make_trainer, quiet_lightning
from mia_exp.training.losses_file import LOSSES_FILE
from mia_exp.training.record_losses import RecordLosses
from mia_exp.training.show_progress import ShowProgress
from mia_exp.training.trainer_settings import TrainerSettings

FORMAT = "mia_exp loss-map classifier 1"
FILE_KIND = FileKind(
    FORMAT, "a classifier that mia_exp trained", "Such files are in the artifacts of the attack shadow."
)
WEIGHTS_FILE = "classifier.safetensors"
# A patch is addressed by its epoch, its map and its number in that map.
Address = tuple[int, int, int]
# The epoch number of the patches drawn for evaluation: none of training.
EVALUATION_EPOCH = -1


class LossMapClassifier(LightningModule):
    """A ResNet-50 from random weights with two classes: trained on (0), held out (1).

    Args:
        config: Its settings.
    """

    def __init__(self, config: ClassifierSettings) -> None:
        super().__init__()
        self.save_hyperparameters({"classifier": plain(config)})
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
        metrics = {"classifier_loss": loss.detach(), "classifier_accuracy": accuracy}
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=len(patches))
        return loss

    def on_train_end(self) -> None:
        """Recomputes batch norm's statistics from one epoch's patches with the final weights."""
        # Running averages lag behind fast-changing weights; after tens of steps they can invert the classes.
        loader = self.trainer.train_dataloader
        assert isinstance(loader, DataLoader)
        update_bn(loader, self.network, self.device)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate)


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
        self.seed = config.seed
        self.side = config.patch_side(maps.shape[1])

    def __getitem__(self, batch: list[Address]) -> tuple[Tensor, Tensor]:
        patches = torch.stack([self.patch(*address) for address in batch])
        return patches, torch.tensor([int(self.held_out[row]) for _, row, _ in batch])

    def patch(self, epoch: int, row: int, number: int) -> Tensor:
        """A patch, float32 (3, side, side) in [0, 1]."""
        rng = np.random.default_rng(derive(self.seed, "patch", epoch, self.ids[row], number))
        height, width = self.maps.shape[1:3]
        top = rng.integers(0, height - self.side, endpoint=True)
        left = rng.integers(0, width - self.side, endpoint=True)
        cut = self.maps[row, top : top + self.side, left : left + self.side]
        return torch.from_numpy(np.moveaxis(cut, -1, 0).astype(np.float32) / 255)


class PatchBatches(Sampler[list[Address]]):
    """Batches of addresses: `patches` of each map, in an order that depends only on the seed and the epoch.

    Args:
        ids: The maps' names; their order has no effect.
        config: The classifier's settings.
    """

    def __init__(self, ids: Sequence[str], config: ClassifierSettings) -> None:
        self.rows = [row for _, row in sorted((id, row) for row, id in enumerate(ids))]
        self.config = config
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next pass; the trainer calls it."""
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
        # Batch norm cannot normalise a batch of a single patch whose maps have one pixel.
        if len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
            bounds[-2:] = [(bounds[-2][0], total)]
        return bounds


def patch_loader(
    maps: np.ndarray | LossMaps,
    ids: Sequence[str],
    held_out: np.ndarray,
    config: ClassifierSettings,
    num_workers: int,
) -> "DataLoader[tuple[Tensor, Tensor]]":
    """Batches of patches (B, 3, side, side) in [0, 1] and labels (B,); each epoch has other patches.

    Args:
        maps: uint8 (N, H, W, 3).
        ids: Their names (N,).
        held_out: Their labels (N,), bool.
        config: The classifier's settings.
        num_workers: Processes that cut patches; their number does not change the patches.
    """
    return DataLoader(
        Patches(maps, ids, held_out, config),
        # Not as `batch_sampler`, for which Lightning does not call `set_epoch`.
        sampler=PatchBatches(ids, config),
        batch_size=None,
        num_workers=num_workers,
        generator=torch.Generator(),
    )


def train_classifier(
    maps: np.ndarray | LossMaps,
    ids: Sequence[str],
    held_out: np.ndarray,
    config: ClassifierSettings,
    trainer_config: TrainerSettings,
    folder: Path,
    logger: Logger | None = None,
) -> None:
    """Trains the classifier on a shadow model's loss maps.

    Args:
        maps: uint8 (2N, H, W, 3).
        ids: Their names (2N,).
        held_out: Whether the shadow model was not trained on the pair (2N,), bool.
        config: Its settings.
        trainer_config: Where it is trained.
        folder: Gets `classifier.safetensors` and `losses.csv` (epoch, accuracy and loss on the training patches).
        logger: Where Lightning mirrors the losses.

    Raises:
        TrainingError: A loss or a weight is not finite.
    """
    loader = patch_loader(maps, ids, held_out, config, trainer_config.num_workers)
    callbacks = [
        CheckFinite("the training of the loss-map classifier", "Try a lower attack.classifier.learning_rate."),
        RecordLosses(folder / LOSSES_FILE),
        ShowProgress("training the classifier", "classifier_accuracy", "accuracy"),
    ]
    with torch.random.fork_rng(), quiet_lightning(), interruptible():
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = LossMapClassifier(config)
        make_trainer(trainer_config, config.epochs, callbacks, folder, module, logger).fit(module, loader)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.network.state_dict().items()}
    header = {"format": FORMAT, "patch_side": str(config.patch_side(maps.shape[1]))}
    save_file(state, folder / WEIGHTS_FILE, header)


@torch.inference_mode()
def score_maps(
    folder: Path, maps: np.ndarray | LossMaps, ids: Sequence[str], config: ClassifierSettings, device: torch.device
) -> np.ndarray:
    """Scores loss maps.

    Args:
        folder: The folder that `train_classifier` wrote to.
        maps: uint8 (M, H, W, 3).
        ids: Their names (M,).
        config: The settings that the classifier was trained with.
        device: Where it runs.

    Returns:
        (M,), float64: the mean over a map's patches of the probability of the class "trained on"; higher means
        member. It depends only on the map and its id.

    Raises:
        WeightsError: The classifier is missing, damaged, not one of mia_exp, or for patches of another size.
    """
    patches = Patches(maps, ids, np.zeros(len(ids), bool), config)
    network = _load(folder / WEIGHTS_FILE, patches.side).to(device).eval()
    scores = np.empty(len(ids))
    for row in track(range(len(ids)), "scoring loss maps", len(ids)):
        cut = torch.stack([patches.patch(EVALUATION_EPOCH, row, number) for number in range(config.patches)])
        probabilities = network(cut.to(device)).double().softmax(1)
        scores[row] = float(probabilities[:, 0].mean())
    return scores


def _load(path: Path, side: int) -> nn.Module:
    """The network in a file; `side` is the side of the patches that it will be applied to."""
    header, state = FILE_KIND.read(path, "pt")
    if header.get("patch_side") != str(side):
        found = short(header.get("patch_side", "an unknown number of"))
        raise WeightsError(
            f"{path}: trained on patches of {found} pixels, but this run has {side}. Set "
            "attack.classifier.patch_size and victim.image_size as they were when it was trained."
        )
    with torch.device("meta"):
        network: nn.Module = resnet50(weights=None, num_classes=2)
    check_tensors(path, state, network.state_dict())
    network.load_state_dict(state, assign=True)
    return network
