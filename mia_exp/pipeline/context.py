"""What all stages of a run share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from mia_exp.artifacts import ArtifactStore
from mia_exp.config import Config

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


@dataclass(frozen=True)
class Context:
    """Where a run's stages are kept and computed.

    Attributes:
        config: The run.
        store: The artifacts.
        device: Where scores and answers are computed.
        logger: Where the victim's training mirrors its losses.
    """

    config: Config
    store: ArtifactStore
    device: torch.device
    logger: "Logger | None"


def batches(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """Cuts ids into lists of `size`, the last one shorter."""
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])


def numbered_batches(ids: Sequence[str], size: int) -> Iterator[tuple[slice, list[str]]]:
    """Cuts ids as `batches` does, each list with the rows that it stands in."""
    for start in range(0, len(ids), size):
        yield slice(start, min(start + size, len(ids))), list(ids[start : start + size])


def save_columns(folder: Path, ids: Sequence[str], columns: dict[str, np.ndarray]) -> None:
    """Writes `columns.parquet`: the ids and a column a score."""
    pd.DataFrame({"id": list(ids), **columns}).to_parquet(folder / "columns.parquet", index=False)


def load_columns(folder: Path) -> dict[str, np.ndarray]:
    """Reads what `save_columns` wrote, without the ids: they are the stage's own."""
    table = pd.read_parquet(folder / "columns.parquet").drop(columns="id")
    return {name: table[name].to_numpy() for name in table.columns}
