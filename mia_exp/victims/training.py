"""Training a victim: epochs, checkpoints, losses on record, and going on after an interruption."""

import csv
import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import Logger
from torch.utils.data import BatchSampler, DataLoader

from mia_exp.config import Pix2PixConfig, TrainerConfig
from mia_exp.data import EpochSampler, PairStore, TrainingPairs
from mia_exp.errors import TrainingError, WeightsError
from mia_exp.fitting import interruptible, make_trainer, quiet_lightning
from mia_exp.progress import progress_bar
from mia_exp.seeds import derive
from mia_exp.victims.generator import load_generator, save_generator
from mia_exp.victims.pix2pix import Pix2Pix

log = logging.getLogger(__name__)

RESUME_FILE = "resume.ckpt"
LOSSES_FILE = "losses.csv"


def generator_file(epoch: int) -> str:
    """Name of the file that holds the generator after `epoch` epochs."""
    return f"generator-{epoch:04d}.safetensors"


def train(
    config: Pix2PixConfig,
    trainer_config: TrainerConfig,
    store: PairStore,
    members: Sequence[str],
    split_hash: str,
    folder: Path,
    logger: Logger | None = None,
) -> None:
    """Trains a victim on its members and leaves its generators and losses in `folder`.

    What an interrupted call left in `folder` is taken up at the end of its last kept epoch, with the result of
    one that was not interrupted.

    Args:
        config: The victim.
        trainer_config: Where it is trained, and how often a resume point is written.
        store: Pairs at `config.load_size`.
        members: Ids to train on.
        split_hash: The split that they come from; kept beside the generator.
        folder: Holds `generator-NNNN.safetensors` for each kept epoch and `losses.csv`.
        logger: Where Lightning mirrors the losses.

    Raises:
        TrainingError: A loss is not finite.
        WeightsError: The resume point in `folder` is damaged or belongs to another run.
    """
    resume = folder / RESUME_FILE
    if resume.exists():
        _check_resume(resume, split_hash)
        log.info("training goes on from %s", resume)
    pairs = TrainingPairs(store, members, config.image_size, config.seed)
    sampler = EpochSampler(len(members), config.seed)
    loader = DataLoader(
        pairs,
        # An address is no index, which is all that the stubs know of; the sampler hands on whatever it is given.
        batch_sampler=BatchSampler(sampler, config.batch_size, drop_last=False),  # type: ignore[arg-type]
        num_workers=trainer_config.num_workers,
        # Of its own: a loader draws a seed for its workers, which must not move the dropout's stream.
        generator=torch.Generator(),
        pin_memory=torch.cuda.is_available(),
    )
    with torch.random.fork_rng(), quiet_lightning(), progress_bar() as progress:
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = Pix2Pix(config)
        task = progress.add_task("training the victim", total=config.total_epochs * len(loader), note="")
        report = partial(progress.update, task)
        keeper = _Keeper(config, trainer_config, split_hash, folder, len(loader), report)
        trainer = make_trainer(trainer_config, config.total_epochs, [keeper], logger)
        with interruptible():
            trainer.fit(module, loader, ckpt_path=resume if resume.exists() else None, weights_only=True)
    resume.unlink(missing_ok=True)


def check_weights(config: Pix2PixConfig, split_hash: str) -> Path:
    """Finds the generator that `config.weights` names and checks that it is this victim, of this split.

    Raises:
        WeightsError: It is missing, not ours, of another shape, or trained on another split.
    """
    path = Path(config.weights or "").expanduser()
    generator, trained_on = load_generator(path)
    expected = {"image_size": config.image_size, "ngf": config.ngf, "dropout": config.dropout}
    if generator.architecture != expected:
        raise WeightsError(
            f"victim.weights={path}: a generator of {generator.architecture}, where the configuration says "
            f"{expected}. Set victim.image_size, victim.ngf and victim.dropout to the file's."
        )
    if trained_on != split_hash:
        raise WeightsError(
            f"victim.weights={path}: trained on the members of split {trained_on[:12]}, where this run's split "
            f"is {split_hash[:12]}. Its members would be taken for non-members: use the dataset and split "
            "settings that it was trained with."
        )
    return path


class _Keeper(Callback):
    """At the end of each epoch: checks the losses, records them, and keeps what may be needed later."""

    def __init__(
        self,
        config: Pix2PixConfig,
        trainer_config: TrainerConfig,
        split_hash: str,
        folder: Path,
        steps: int,
        report: Callable[..., None],
    ) -> None:
        self.epochs = config.total_epochs
        self.steps = steps
        self.kept = {*config.checkpoint_epochs, config.total_epochs}
        self.interval = trainer_config.resume_seconds
        self.split_hash = split_hash
        self.folder = folder
        self.report = report
        self.losses: list[dict[str, float]] = []
        self.written = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.report(completed=trainer.current_epoch * self.steps + batch_idx + 1)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, Pix2Pix)
        epoch = trainer.current_epoch + 1
        losses = {name: float(value) for name, value in trainer.callback_metrics.items()}
        _check_finite(losses, epoch, pl_module.config)
        self.losses.append({"epoch": epoch, **losses})
        self._report_epoch()
        if epoch in self.kept:
            path = self.folder / generator_file(epoch)
            unfinished = path.with_suffix(".part")
            save_generator(pl_module.generator, unfinished, self.split_hash)
            unfinished.replace(path)
        last = epoch == pl_module.config.total_epochs
        if last:
            self._write_losses()
        elif time.monotonic() - self.written >= self.interval or epoch in self.kept:
            self._write_resume_point(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint["mia_exp"] = {"split": self.split_hash, "losses": json.dumps(self.losses)}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self.losses = json.loads(checkpoint["mia_exp"]["losses"])
        self._report_epoch()

    def _report_epoch(self) -> None:
        last = self.losses[-1]
        note = f"epoch {last['epoch']:.0f} of {self.epochs}, L1 {last['g_l1']:.4f}"
        self.report(completed=len(self.losses) * self.steps, note=note)

    def _write_resume_point(self, trainer: Trainer) -> None:
        unfinished = self.folder / f"{RESUME_FILE}.part"
        trainer.save_checkpoint(unfinished, weights_only=False)
        unfinished.replace(self.folder / RESUME_FILE)
        self.written = time.monotonic()

    def _write_losses(self) -> None:
        with (self.folder / LOSSES_FILE).open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.losses[0]))
            writer.writeheader()
            writer.writerows(self.losses)


def _check_finite(losses: dict[str, float], epoch: int, config: Pix2PixConfig) -> None:
    broken = [name for name, value in losses.items() if not math.isfinite(value)]
    if broken:
        raise TrainingError(
            f"training diverged: {', '.join(broken)} is not a finite number in epoch {epoch}. Try a lower "
            f"victim.learning_rate (now {config.learning_rate}) or a larger victim.batch_size (now "
            f"{config.batch_size}). Earlier checkpoints are kept."
        )


def _check_resume(path: Path, split_hash: str) -> None:
    advice = "Move the file away, and training starts over."
    try:
        stamp = torch.load(path, map_location="cpu", weights_only=True)["mia_exp"]
    except Exception as error:
        raise WeightsError(f"{path}: not a checkpoint that this package wrote ({error}). {advice}") from error
    if stamp["split"] != split_hash:
        raise WeightsError(f"{path}: a checkpoint of another split. {advice}")
