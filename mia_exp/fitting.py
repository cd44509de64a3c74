"""What every training with Lightning here has in common: one quiet trainer that Ctrl-C stops."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import Logger

from mia_exp.config import TrainerConfig


def make_trainer(
    config: TrainerConfig, epochs: int, callbacks: Sequence[Callback], logger: Logger | None = None
) -> Trainer:
    """A trainer on one device, without Lightning's own checkpoints and progress bar.

    Args:
        config: Where it runs.
        epochs: How long.
        callbacks: What is done besides.
        logger: Where the losses are mirrored.
    """
    return Trainer(
        max_epochs=epochs,
        accelerator=config.accelerator,
        devices=1,
        logger=logger or False,
        callbacks=list(callbacks),
        deterministic="warn",
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )


@contextmanager
def interruptible() -> Iterator[None]:
    """Lightning turns Ctrl-C into an exit of its own and leaves the signal ignored; this hands it on."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from stop
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Lightning announces devices and loaders on every fit; the run says what matters itself."""
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
