"""Common code for training with Lightning: the trainer, signals, and log output."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.accelerators import CPUAccelerator
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import AdvancedProfiler, SimpleProfiler
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import SIGTERMException

from mia_exp.core.check import require
from mia_exp.core.errors import ConfigError
from mia_exp.core.reading import reason
from mia_exp.core.termination import Terminated
from mia_exp.training.trainer_settings import TrainerSettings


def make_trainer(
    config: TrainerSettings,
    epochs: int,
    callbacks: Sequence[Callback],
    folder: Path,
    module: LightningModule,
    logger: Logger | None = None,
) -> Trainer:
    """A trainer on one device, without Lightning's own checkpoints, progress bar and requeueing.

    Under Slurm, Lightning would write its own checkpoint on a signal, start the next training in the same folder
    from it, and distribute the work over the tasks. Here each process trains by itself and resumes from its own
    folder.

    Args:
        config: Where it runs.
        epochs: How long.
        callbacks: What is done besides.
        folder: Where Lightning looks for files, of this training alone.
        module: What is to be trained.
        logger: Where the losses are mirrored.

    Raises:
        ConfigError: Lightning has no such device or strategy, or the device cannot compute in that precision.
    """
    # Lightning takes the rank from Slurm's task number, and only rank 0 logs.
    rank_zero_only.rank = 0  # type: ignore[attr-defined]  # a function with an attribute
    automatic = module.automatic_optimization
    if not automatic:
        # Lightning leaves this, too, to those who optimise manually.
        module.accumulate_grad_batches = config.accumulate_grad_batches  # type: ignore[assignment]  # our own attribute
    profilers = {"simple": SimpleProfiler, "advanced": AdvancedProfiler}
    try:
        trainer = Trainer(
            max_epochs=epochs,
            accelerator=config.accelerator,
            devices=config.devices,
            strategy=config.strategy,
            precision=config.precision,  # type: ignore[arg-type]  # one of Lightning's names
            accumulate_grad_batches=config.accumulate_grad_batches if automatic else 1,
            plugins=[LightningEnvironment()],
            default_root_dir=folder,
            logger=logger or False,
            callbacks=[_OwnSignals(), *callbacks],
            deterministic=config.deterministic,
            benchmark=config.benchmark,
            detect_anomaly=config.detect_anomaly,
            profiler=None if config.profiler is None else profilers[config.profiler](folder, "profile"),
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            # Of those among the callbacks; Lightning adds none of its own then.
            enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=1,
        )
    except (ValueError, TypeError, MisconfigurationException) as error:
        # Lightning's own words; what it takes depends on the machine.
        raise ConfigError(
            f"trainer.accelerator={config.accelerator} trainer.devices={config.devices} "
            f"trainer.strategy={config.strategy}: Lightning refuses these settings here ({reason(error)})"
        ) from error
    # Lightning would take bfloat16 instead, and the result's settings would not say so.
    require(
        config.precision != "16-mixed" or not isinstance(trainer.accelerator, CPUAccelerator),
        "trainer.precision=16-mixed: this training is on a CPU, which has no float16; set bf16-mixed or 32-true",
    )
    return trainer


class _OwnSignals(Callback):
    """Restores the SIGTERM handler from before the trainer was created, which Lightning replaces."""

    def __init__(self) -> None:
        self._handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Restores Ctrl-C and SIGTERM, which Lightning turns into its own exits."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SIGTERMException as stop:
        # SIGTERM was received before `_OwnSignals` restored the handler.
        raise Terminated from stop
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from stop
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silences Lightning's messages about devices and data loaders on every fit."""
    names = ("pytorch_lightning.utilities.rank_zero", "pytorch_lightning.accelerators.cuda")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric")
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
