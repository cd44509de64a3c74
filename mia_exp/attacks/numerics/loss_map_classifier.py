"""A classifier of loss maps, trained on those of a shadow model (after He et al., 2020).

Its labels are the attacker's own: whether the shadow model was trained on a pair (0) or not (1), Eq. 4 of Shafran,
Peleg, Hoshen (2021). It uses no label of membership in the victim's training set.
"""

import math
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.loggers import Logger
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader
from torchvision.models import resnet50

from mia_exp.attacks.classifier_record import (
    STEPS,
    TRAINING_ACCURACY,
    TRAINING_LOSS,
    VALIDATION_ACCURACY,
    VALIDATION_LOSS,
)
from mia_exp.attacks.classifier_settings import ClassifierSettings
from mia_exp.attacks.numerics.loss_map import LossMaps
from mia_exp.attacks.numerics.loss_map_patches import Patches, divided_rows, training_loader, validation_loader
from mia_exp.core.errors import WeightsError
from mia_exp.core.keys import plain
from mia_exp.core.progress import track
from mia_exp.core.reading import short
from mia_exp.core.seeds import derive
from mia_exp.core.tensor_file import FileKind, check_tensors
from mia_exp.training.check_finite import CheckFinite
from mia_exp.training.fitting import interruptible, make_trainer, quiet_lightning
from mia_exp.training.keep_best import KeepBest
from mia_exp.training.losses_file import LOSSES_FILE
from mia_exp.training.record_losses import RecordLosses
from mia_exp.training.show_progress import ShowProgress
from mia_exp.training.trainer_settings import TrainerSettings

FORMAT = "mia_exp loss-map classifier 1"
FILE_KIND = FileKind(
    FORMAT, "a classifier that mia_exp trained", "Such files are in the artifacts of the attack shadow."
)
WEIGHTS_FILE = "classifier.safetensors"
# Batch norm's statistics need a thousand patches or more (Wu & Johnson, 2021, *Rethinking "Batch" in BatchNorm*).
STATISTICS_PATCHES = 1024


class LossMapClassifier(LightningModule):
    """A ResNet-50 from random weights with two classes: trained on (0), held out (1).

    Args:
        config: Its settings.
    """

    def __init__(self, config: ClassifierSettings) -> None:
        super().__init__()
        self.save_hyperparameters({"classifier": plain(config)})
        self.config = config
        # A tenth faster in this layout.
        self.network: nn.Module = resnet50(weights=None, num_classes=2).to(memory_format=torch.channels_last)

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
        metrics = {TRAINING_LOSS: loss.detach(), TRAINING_ACCURACY: accuracy}
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=len(patches))
        return loss

    def on_validation_start(self) -> None:
        """Recomputes batch norm's statistics from the epoch's training patches with its last weights."""
        # Running averages lag behind fast-changing weights; after tens of steps they can invert the classes.
        loader = self.trainer.train_dataloader
        assert isinstance(loader, DataLoader)
        batches = math.ceil(STATISTICS_PATCHES / self.config.batch_size)
        update_bn(islice(loader, batches), self.network, self.device)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """The cross-entropy of a map's mean probabilities, and whether its class is the more probable one."""
        patches, held_out = batch
        # In float32 even if it is trained in bf16, as it will score.
        with torch.autocast(self.device.type, enabled=False):
            probability = class_probabilities(self.network, patches)[held_out[0]]
        metrics = {VALIDATION_LOSS: -probability.log(), VALIDATION_ACCURACY: (probability > 0.5).double()}
        self.log_dict(metrics, on_epoch=True, batch_size=1)

    def on_validation_epoch_end(self) -> None:
        """Logs the number of steps so far."""
        self.log(STEPS, float(self.trainer.global_step))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        # Fused: a step is one pass over the weights.
        return torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate, fused=True)


def class_probabilities(network: nn.Module, patches: Tensor) -> Tensor:
    """The probabilities of both classes, float64 (2,): the mean over a map's patches (P, 3, side, side)."""
    probabilities: Tensor = network(patches).double().softmax(1).mean(0)
    return probabilities


def train_classifier(
    maps: np.ndarray | LossMaps,
    ids: Sequence[str],
    held_out: np.ndarray,
    config: ClassifierSettings,
    trainer_config: TrainerSettings,
    folder: Path,
    logger: Logger | None = None,
) -> None:
    """Trains the classifier on a shadow model's loss maps until the loss of its validation maps stops falling.

    Args:
        maps: uint8 (2N, H, W, 3).
        ids: Their names (2N,). Some of them are validation maps, which it is not trained on: see `divided_rows`.
        held_out: Whether the shadow model was not trained on the pair (2N,), bool.
        config: Its settings.
        trainer_config: Where it is trained.
        folder: Gets `classifier.safetensors`, the weights of the epoch with the lowest validation loss, and
            `losses.csv`: for each epoch the accuracy and loss on training patches and on validation maps, and the
            number of steps until its end.
        logger: Where Lightning mirrors the losses.

    Raises:
        TrainingError: A loss or a weight is not finite.
    """
    patches = Patches(maps, ids, held_out, config)
    training, validation = divided_rows(ids, held_out, config)
    workers = trainer_config.num_workers
    loaders = training_loader(patches, training, workers), validation_loader(patches, validation, workers)
    best = KeepBest(VALIDATION_LOSS)
    callbacks = [
        CheckFinite("the training of the loss-map classifier", "Try a lower attack.classifier.learning_rate."),
        RecordLosses(folder / LOSSES_FILE),
        best,
        EarlyStopping(VALIDATION_LOSS, patience=config.patience),
        ShowProgress("training the classifier", VALIDATION_ACCURACY, "validation accuracy"),
    ]
    with torch.random.fork_rng(), quiet_lightning(), interruptible():
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = LossMapClassifier(config)
        make_trainer(trainer_config, config.max_epochs, callbacks, folder, module, logger).fit(module, *loaders)
    module.load_state_dict(best.weights)
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
        cut, _ = patches[patches.evaluated(row)]
        scores[row] = float(class_probabilities(network, cut.to(device))[0])
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
