"""Training of a victim: epochs, checkpoints, recorded losses, and resuming after an interruption."""

import csv
import json
import logging
import math
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import Logger

from mia_exp.core.errors import MiaError, TrainingError, WeightsError
from mia_exp.core.progress import progress_bar
from mia_exp.core.reading import reason, typed
from mia_exp.core.seeds import derive
from mia_exp.core.storage import atomic_write
from mia_exp.core.termination import Terminated, postponed
from mia_exp.data import EpochBatches, InputLayout, TrainingPairs
from mia_exp.training.fitting import interruptible, make_trainer, quiet_lightning
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.base import TrainedVictim
from mia_exp.victims.generator_file import (
    LOSSES_FILE,
    generator_file,
    load_generator,
    save_generator,
    training_set_hash,
)
from mia_exp.victims.victim_module import VictimModule

log = logging.getLogger(__name__)

RESUME_FILE = "resume.ckpt"
START_OVER = "Move the file away, and training starts from the beginning."


def train(
    config: TrainedVictim,
    trainer_config: TrainerSettings,
    layout: InputLayout,
    pairs: TrainingPairs,
    folder: Path,
    logger: Logger | None = None,
) -> None:
    """Trains a victim or a shadow model, and writes its generators and losses to `folder`.

    If an interrupted call left a checkpoint in `folder`, training resumes from it, with the same result as an
    uninterrupted one.

    Args:
        config: The victim.
        trainer_config: Where it is trained, and how often a checkpoint to resume from is written.
        layout: What the channels of x mean.
        pairs: The training pairs.
        folder: Gets `generator-NNNN.safetensors` for each kept epoch and `losses.csv`.
        logger: Where Lightning mirrors the losses.

    Raises:
        Terminated: SIGTERM was received; training can be resumed from the end of the epoch.
        TrainingError: A loss is not finite.
        WeightsError: The resume point in `folder` is damaged or belongs to another run.
    """
    training_set = training_set_hash(pairs.ids)
    resume = folder / RESUME_FILE
    if resume.exists():
        _check_resume(resume, training_set)
        log.info("training resumes from %s", resume)
    batches = EpochBatches(pairs, config.batch_size, config.seed)
    with torch.random.fork_rng(), quiet_lightning(), progress_bar() as progress:
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = config.build_module(layout, len(pairs.ids))
        task = progress.add_task("training", total=config.total_epochs * len(batches), note="")
        report = partial(progress.update, task)
        keeper = _Keeper(config, trainer_config, training_set, folder, len(batches), report)
        with interruptible(), postponed(keeper.stop_after_epoch), _taking_up(resume, keeper):
            trainer = make_trainer(trainer_config, config.total_epochs, [keeper], folder, logger)
            trainer.fit(module, batches, ckpt_path=resume if resume.exists() else None, weights_only=True)
    resume.unlink(missing_ok=True)


def check_weights(config: TrainedVictim, layout: InputLayout, members: Sequence[str]) -> Path:
    """Finds the generator that `config.weights` names and checks that it is this victim, of these members.

    Raises:
        WeightsError: It is missing, not written by mia_exp, of another architecture, or trained on other pairs.
    """
    path = Path(config.weights or "").expanduser()
    _, training_set = load_generator(path, partial(config.build_generator, layout, len(members)))
    if training_set != training_set_hash(members):
        raise WeightsError(
            f"victim.weights={path}: trained on other pairs than this run's members. Its members would be taken "
            "for non-members: use the dataset and split settings that it was trained with."
        )
    return path


class _Keeper(Callback):
    """At the end of each epoch: checks and records the losses, and writes checkpoints."""

    def __init__(
        self,
        config: TrainedVictim,
        trainer_config: TrainerSettings,
        training_set: str,
        folder: Path,
        steps: int,
        report: Callable[..., None],
    ) -> None:
        self.config = config
        self.epochs = config.total_epochs
        self.steps = steps
        self.kept = {*config.checkpoint_epochs, config.total_epochs}
        self.interval = trainer_config.resume_seconds
        self.training_set = training_set
        self.folder = folder
        self.report = report
        self.losses: list[dict[str, float]] = []
        self.written = time.monotonic()
        self.unsaved = False
        self.stopping = False
        self.started = False

    def stop_after_epoch(self) -> bool:
        """Stops after this epoch if completed epochs are not in a checkpoint yet; returns whether it will stop."""
        self.stopping = self.unsaved
        return self.stopping

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.started = True

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.report(completed=trainer.current_epoch * self.steps + batch_idx + 1)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, VictimModule)
        epoch = trainer.current_epoch + 1
        losses = pl_module.epoch_losses()
        _check_finite(losses, epoch, self.config)
        self.losses.append({"epoch": epoch, **losses})
        self._report_epoch()
        if epoch in self.kept:
            with atomic_write(self.folder / generator_file(epoch)) as path:
                save_generator(pl_module.generator, path, self.training_set)
        self.unsaved = True
        due = self.stopping or epoch in self.kept or time.monotonic() - self.written >= self.interval
        if epoch == self.epochs:
            self._write_losses()
        elif due:
            self._write_resume_point(trainer)
            if self.stopping:
                raise Terminated

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint["mia_exp"] = {"training_set": self.training_set, "losses": json.dumps(self.losses)}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self.losses = json.loads(checkpoint["mia_exp"]["losses"])
        self._report_epoch()

    def _report_epoch(self) -> None:
        last = self.losses[-1]
        note = f"epoch {last['epoch']:.0f} of {self.epochs}, L1 {last['g_l1']:.4f}"
        self.report(completed=len(self.losses) * self.steps, note=note)

    def _write_resume_point(self, trainer: Trainer) -> None:
        with atomic_write(self.folder / RESUME_FILE) as path:
            trainer.save_checkpoint(path, weights_only=False)
        self.written = time.monotonic()
        self.unsaved = False

    def _write_losses(self) -> None:
        with (self.folder / LOSSES_FILE).open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.losses[0]))
            writer.writeheader()
            writer.writerows(self.losses)


def _check_finite(losses: dict[str, float], epoch: int, config: TrainedVictim) -> None:
    broken = [name for name, value in losses.items() if not math.isfinite(value)]
    if broken:
        raise TrainingError(
            f"training diverged: {', '.join(broken)} is not a finite number in epoch {epoch}. Try a lower "
            f"victim.learning_rate (now {config.learning_rate}) or a larger victim.batch_size (now "
            f"{config.batch_size}). Earlier checkpoints are kept."
        )


def _check_resume(path: Path, training_set: str) -> None:
    """Checks a checkpoint before training resumes from it.

    Raises:
        WeightsError: It is damaged, or belongs to another run.
    """
    try:
        # torch does not verify the checksums of records, and would continue from damaged weights.
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} in it is damaged")
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        # Without the loop's state, Lightning would restart at the first epoch with these weights.
        if not (checkpoint["state_dict"] and checkpoint["optimizer_states"] and checkpoint["loops"]["fit_loop"]):
            raise ValueError("a part of it is empty")
        stamp = checkpoint["mia_exp"]
        made_with = typed(stamp["training_set"], str, "training_set")
        epochs = [typed(row["epoch"], int, "epoch") for row in json.loads(stamp["losses"])]
        if len(epochs) != checkpoint["epoch"] + 1 or epochs != list(range(1, len(epochs) + 1)):
            raise ValueError(f"losses of {len(epochs)} epochs at the end of epoch {checkpoint['epoch'] + 1}")
    except Exception as error:
        raise WeightsError(
            f"{path}: not a checkpoint that this package wrote ({reason(error)}). {START_OVER}"
        ) from error
    if made_with != training_set:
        raise WeightsError(f"{path}: a checkpoint of a victim of other pairs. {START_OVER}")


@contextmanager
def _taking_up(resume: Path, keeper: _Keeper) -> Iterator[None]:
    """Turns errors between loading a checkpoint and the first step into a WeightsError."""
    taken_up = resume.exists()
    try:
        yield
    except (MiaError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        if keeper.started or not taken_up:
            raise
        raise WeightsError(
            f"{resume}: a checkpoint that does not fit this training ({reason(error)}). {START_OVER}"
        ) from error
