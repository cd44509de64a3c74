"""A callback that ends a training that went wrong."""

import math

from pytorch_lightning import Callback, LightningModule, Trainer

from mia_exp.core.errors import TrainingError


class CheckFinite(Callback):
    """Ends a training in the first epoch whose losses, or weights, are not finite numbers.

    Args:
        what: What is trained, as a sentence begins.
        advice: What a person can do; a sentence.

    Raises:
        TrainingError: It did; what was kept until then stays.
    """

    def __init__(self, what: str, advice: str) -> None:
        self.what = what
        self.advice = advice

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at what was logged in the epoch, and at all weights."""
        broken = [name for name, value in trainer.callback_metrics.items() if not math.isfinite(value)]
        # A last step that goes wrong shows in the weights alone.
        if not all(bool(tensor.isfinite().all()) for tensor in pl_module.state_dict().values()):
            broken.append("a weight")
        if broken:
            epoch = trainer.current_epoch + 1
            names = " and ".join(broken)
            raise TrainingError(
                f"{self.what} diverged: {names} is not a finite number in epoch {epoch}. {self.advice}"
            )
