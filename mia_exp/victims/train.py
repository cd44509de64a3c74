"""Training a victim: its callbacks, and going on after an interruption."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from pytorch_lightning.loggers import Logger

from mia_exp.core.errors import MiaError, WeightsError
from mia_exp.core.reading import reason
from mia_exp.core.seeds import derive
from mia_exp.core.termination import postponed
from mia_exp.data import InputLayout
from mia_exp.data.pairs_module import PairsModule
from mia_exp.training.check_finite import CheckFinite
from mia_exp.training.fitting import interruptible, make_trainer, quiet_lightning
from mia_exp.training.losses_file import LOSSES_FILE
from mia_exp.training.record_losses import RecordLosses
from mia_exp.training.resume_point import START_OVER, ResumePoint
from mia_exp.training.show_progress import ShowProgress
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.generator_file import load_generator
from mia_exp.victims.keep_generators import KeepGenerators
from mia_exp.victims.kept import training_set_hash
from mia_exp.victims.logged_errors import TRAINING_L1
from mia_exp.victims.victim import TrainedVictim

log = logging.getLogger(__name__)

RESUME_FILE = "resume.ckpt"


def train(
    config: TrainedVictim,
    trainer_config: TrainerSettings,
    layout: InputLayout,
    data: PairsModule,
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
        data: What it is trained on, and the held-out pairs that its error is logged of.
        folder: Holds `generator-NNNN.safetensors` for each kept epoch and `losses.csv`.
        logger: Where Lightning mirrors the losses.

    Raises:
        Terminated: SIGTERM came; what was trained until the end of the epoch can be taken up.
        TrainingError: A loss or a weight is not finite.
        WeightsError: The resume point in `folder` is damaged or belongs to another run.
    """
    training_set = training_set_hash(data.training.ids)
    resume = ResumePoint(folder / RESUME_FILE, trainer_config.resume_seconds, training_set)
    taken_up = resume.file.exists()
    if taken_up:
        resume.check()
        log.info("training resumes from %s", resume.file)
    advice = (
        f"Try a lower victim.learning_rate (now {config.learning_rate}) or a larger victim.batch_size (now "
        f"{config.batch_size}). Earlier checkpoints are kept."
    )
    callbacks = [
        CheckFinite("training", advice),
        RecordLosses(folder / LOSSES_FILE),
        ShowProgress("training", TRAINING_L1, "L1"),
        KeepGenerators({*config.checkpoint_epochs, config.epochs}, folder, training_set),
        resume,
    ]
    with torch.random.fork_rng(), quiet_lightning():
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = config.build_module(layout, len(data.training.ids))
        with interruptible(), postponed(resume.stop_after_epoch), _taking_up(resume, taken_up):
            trainer = make_trainer(trainer_config, config.epochs, callbacks, folder, module, logger)
            trainer.fit(module, data, ckpt_path=resume.file if taken_up else None, weights_only=True)
    resume.file.unlink(missing_ok=True)


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


@contextmanager
def _taking_up(resume: ResumePoint, taken_up: bool) -> Iterator[None]:
    """Says of what fails between a resume point's loading and the first step that the two do not fit."""
    try:
        yield
    except (MiaError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        if resume.started or not taken_up:
            raise
        raise WeightsError(
            f"{resume.file}: a checkpoint that does not fit this training ({reason(error)}). {START_OVER}"
        ) from error
