"""The context that all stages of a run share."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mia_exp.config import Config
from mia_exp.core.artifacts import ArtifactStore
from mia_exp.tracking import Tracker

if TYPE_CHECKING:
    import torch
    from pytorch_lightning.loggers import Logger


@dataclass(frozen=True)
class Context:
    """Where a run's stages are kept and computed.

    Attributes:
        config: The run.
        tracker: Where trainings mirror their losses; or None.
    """

    config: Config
    tracker: Tracker | None

    @cached_property
    def store(self) -> ArtifactStore:
        """The artifacts."""
        return ArtifactStore(Path(self.config.output_dir) / "artifacts", self._describe_device)

    @cached_property
    def device(self) -> "torch.device":
        """Where scores and outputs are computed.

        Raises:
            ConfigError: A GPU is asked for and there is none.
        """
        # Imported here: torch takes seconds to load, which a run that finds its stages made need not wait for.
        from mia_exp.core.device import torch_device

        trainer = self.config.trainer
        return torch_device(trainer.accelerator, trainer.device_number)

    @property
    def logger(self) -> "Logger | None":
        """What a Lightning trainer mirrors losses to; made when it is first asked for."""
        return None if self.tracker is None else self.tracker.lightning

    def _describe_device(self) -> str:
        from mia_exp.core.device import describe_device

        return describe_device(self.device)
