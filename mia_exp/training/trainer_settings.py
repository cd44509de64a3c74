"""Where and how training runs: what Lightning's Trainer is given."""

from dataclasses import dataclass
from typing import Any

from mia_exp.core.check import require, require_at_most
from mia_exp.core.keys import harmless

WHERE = "where it runs; a manifest names the device"
ACCELERATORS = ("auto", "cpu", "gpu")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
# What serves a training on one device; a GAN's optimisers leave parameters of the other network unused.
STRATEGIES = ("auto", "single_device", "ddp_find_unused_parameters_true")
PROFILERS = ("simple", "advanced")


@dataclass
class TrainerSettings:
    """Where and how training runs, of victims and of the shadow classifier; see pytorch_lightning.Trainer.

    A training has one device: its batches are too small to be shared out, and batch norm would see less of each.
    Several devices are used by several jobs of a sweep.

    Attributes:
        accelerator: `auto`, `cpu` or `gpu`.
        devices: 1 for the first that is free, or a list with the number of one, such as [1].
        strategy: `auto`, `single_device` or `ddp_find_unused_parameters_true`, all of them on one device.
        precision: `32-true`, `bf16-mixed` or, on a GPU, `16-mixed`: what networks are computed in while they are
            trained; mixed is faster where the processor has it. Weights and outputs to queries are always float32.
        accumulate_grad_batches: Batches whose gradients are averaged in a step.
        deterministic: `warn`, true or false: what becomes of operations that give other results each time.
        benchmark: Try which of cuDNN's algorithms are the fastest.
        detect_anomaly: Find the operation that made a gradient NaN; slow.
        profiler: `simple`, `advanced` or null; writes `fit-profile.txt` beside what was trained.
        num_workers: Processes that cut the shadow classifier's patches.
        resume_seconds: Minimum time between two checkpoints to resume from, in seconds.
    """

    accelerator: str = harmless("auto", because=WHERE)
    devices: Any = harmless(1, because=WHERE)
    strategy: str = harmless("auto", because=WHERE)
    precision: str = "32-true"
    accumulate_grad_batches: int = 1
    deterministic: Any = harmless("warn", because=WHERE)
    benchmark: bool = harmless(False, because=WHERE)
    detect_anomaly: bool = harmless(False, because="checks, and changes nothing")
    profiler: str | None = harmless(None, because="watches, and changes nothing")
    num_workers: int = harmless(0, because="each image's randomness is keyed by its id")
    resume_seconds: float = harmless(30.0, because="a resumed training has the same result")

    @property
    def device_number(self) -> int:
        """Which of several GPUs it is."""
        return int(self.devices[0]) if isinstance(self.devices, list) else 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("accelerator", ACCELERATORS),
            ("strategy", STRATEGIES),
            ("precision", PRECISIONS),
            ("deterministic", ("warn", True, False)),
            ("profiler", (*PROFILERS, None)),
        ):
            value = getattr(self, name)
            said = ", ".join("null" if choice is None else str(choice).lower() for choice in choices)
            require(value in choices, f"trainer.{name}={value}: expected one of {said}")
        one = self.devices == 1 or (
            isinstance(self.devices, list)
            and len(self.devices) == 1
            and type(self.devices[0]) is int
            and self.devices[0] >= 0
        )
        require(
            one and self.devices is not True,
            f"trainer.devices={self.devices}: expected 1, or a list with the number of one device, such as [0]; a "
            "training has one device, and the jobs of a sweep can have others",
        )
        require(
            self.accelerator != "cpu" or self.devices == 1,
            f"trainer.devices={self.devices}: expected 1, since trainer.accelerator=cpu has no numbered devices",
        )
        require(
            self.accumulate_grad_batches >= 1,
            f"trainer.accumulate_grad_batches={self.accumulate_grad_batches}: expected 1 or more",
        )
        require(self.num_workers >= 0, f"trainer.num_workers={self.num_workers}: expected 0 or more")
        require_at_most(self.num_workers, 256, "trainer.num_workers", "each is a process")
        require(self.resume_seconds >= 0, f"trainer.resume_seconds={self.resume_seconds}: expected 0 or more")
