"""The context that all stages of a run share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mia_exp.config import Config
from mia_exp.core.artifacts import ArtifactStore

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


@dataclass(frozen=True)
class Context:
    """Where a run's stages are kept and computed.

    Attributes:
        config: The run.
        store: The artifacts.
        device: Where scores and outputs are computed.
        logger: Where the victim's training mirrors its losses.
    """

    config: Config
    store: ArtifactStore
    device: torch.device
    logger: "Logger | None"
