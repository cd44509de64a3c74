"""A callback that shows how far a training is."""

from contextlib import AbstractContextManager

from pytorch_lightning import Callback, LightningModule, Trainer

from mia_exp.core.progress import Reporter, progress_bar


class ShowProgress(Callback):
    """Shows the epoch and a loss, as `mia_exp.core.progress` shows all long work.

    Args:
        description: What is done.
        shown: The loss, by the name under which it is logged.
        title: What a person calls it.
    """

    def __init__(self, description: str, shown: str, title: str) -> None:
        self.description = description
        self.shown = shown
        self.title = title
        self._bar: AbstractContextManager[Reporter] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begins to show it."""
        self._bar = progress_bar()
        self._reporter = self._bar.__enter__()
        assert trainer.max_epochs is not None
        self._task = self._reporter.add_task(self.description, total=trainer.max_epochs, note="")
        if trainer.current_epoch:
            self._reporter.update(self._task, completed=trainer.current_epoch)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Shows the batches that are done."""
        done = trainer.current_epoch + (batch_idx + 1) / trainer.num_training_batches
        self._reporter.update(self._task, completed=done)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows the epoch and its loss."""
        epoch = trainer.current_epoch + 1
        loss = trainer.callback_metrics.get(self.shown)
        note = f"epoch {epoch} of {trainer.max_epochs}" + ("" if loss is None else f", {self.title} {loss:.4f}")
        self._reporter.update(self._task, completed=epoch, note=note)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Ends it."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Ends it."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
