"""Where and how training runs."""

from dataclasses import dataclass

from mia_exp.core.check import require, require_at_most
from mia_exp.core.keys import harmless


@dataclass
class TrainerSettings:
    """Where and how training runs; nothing here changes a result on one machine.

    Attributes:
        accelerator: `auto`, `cpu` or `gpu`, as in pytorch_lightning.
        num_workers: Processes that cut the shadow classifier's patches.
        resume_seconds: Minimum time between two checkpoints to resume from, in seconds.
    """

    accelerator: str = harmless("auto", because="where it runs; a manifest names the device")
    num_workers: int = harmless(0, because="each image's randomness is keyed by its id")
    resume_seconds: float = harmless(30.0, because="a resumed training has the same result")

    def __post_init__(self) -> None:
        choices = ("auto", "cpu", "gpu")
        require(
            self.accelerator in choices,
            f"trainer.accelerator={self.accelerator}: expected one of {', '.join(choices)}",
        )
        require(self.num_workers >= 0, f"trainer.num_workers={self.num_workers}: expected 0 or more")
        require_at_most(self.num_workers, 256, "trainer.num_workers", "each is a process")
        require(self.resume_seconds >= 0, f"trainer.resume_seconds={self.resume_seconds}: expected 0 or more")
