"""A dataset decoded once, at one size, in a folder."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from mia_exp.core.progress import track
from mia_exp.data.image import Conversion, Conversions
from mia_exp.data.image_file import write_header
from mia_exp.data.source import PairSource, Record
from mia_exp.data.tensors import to_tensor

log = logging.getLogger(__name__)

# Pairs decoded ahead of what is written; bounds the memory.
CHUNK_SIZE = 64


class PairStore:
    """Pairs of a dataset, x and y memory-mapped.

    Args:
        folder: What `build` filled.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = pd.read_parquet(folder / "index.parquet")
        self._rows = {id: row for row, id in enumerate(self.ids)}

    def __reduce__(self) -> tuple[Any, ...]:
        # A memory map would travel to a worker as a copy of its content.
        return PairStore, (self.folder,)

    @classmethod
    def build(
        cls, source: PairSource, size: int, minimum: int, folder: Path, workers: int | None = None
    ) -> "PairStore":
        """Decodes every pair of `source`.

        Args:
            source: The dataset.
            size: Side of the stored images in pixels.
            minimum: Least side in pixels that an image on disk may have.
            folder: An existing folder; gets `x.npy`, `y.npy` and `index.parquet`.
            workers: Threads that decode, or None for what suits the machine; the result is the same.

        Raises:
            DataError: A pair cannot be read; the first in the dataset's order.
            OSError: The disk is full.
        """
        records = source.records()
        shapes = [(len(records), size, size, channels) for channels in (source.layout.channels, 3)]
        converted: dict[Conversion, list[str]] = defaultdict(list)
        # Written, not memory-mapped: a full disk is then an error and not a crash.
        with (folder / "x.npy").open("wb") as x_file, (folder / "y.npy").open("wb") as y_file:
            for file, shape in zip((x_file, y_file), shapes, strict=True):
                write_header(file, shape)
            pairs = _decoded(source, records, size, minimum, workers)
            for record, (x, y, conversions) in zip(
                records, track(pairs, "decoding pairs", len(records)), strict=True
            ):
                x_file.write(np.ascontiguousarray(x).data)
                y_file.write(np.ascontiguousarray(y).data)
                for conversion in conversions:
                    converted[conversion].append(record.id)
        pd.DataFrame(records).to_parquet(folder / "index.parquet", index=False)
        for conversion, ids in sorted(converted.items(), key=lambda item: item[0].name):
            _warn_once(f"in {len(ids)} of {len(records)} pairs, {conversion.value} (first: {ids[0]})")
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> "PairStore":
        """Opens what `build` left in `folder`."""
        return cls(folder)

    @property
    def ids(self) -> list[str]:
        """The pairs' ids, in the order of the rows."""
        return list(self._index["id"])

    @property
    def partitions(self) -> list[str]:
        """The pairs' partitions, in the order of the rows."""
        return list(self._index["partition"])

    @property
    def source_bytes(self) -> list[int]:
        """Bytes of the files that held the pairs, in the order of the rows."""
        return list(self._index["source_bytes"])

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return int(self.x.shape[1])

    @cached_property
    def x(self) -> np.ndarray:
        """Inputs, uint8 (N, H, W, C); what their channels mean, the dataset's `InputLayout` says."""
        return _mapped(self.folder / "x.npy")

    @cached_property
    def y(self) -> np.ndarray:
        """Targets, uint8 (N, H, W, 3)."""
        return _mapped(self.folder / "y.npy")

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the rows of `ids` in `x` and `y`, int64 (len(ids),).

        Raises:
            KeyError: An id is not in the store.
        """
        return np.array([self._rows[id] for id in ids], dtype=np.int64)

    def batch(self, ids: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns x and y of `ids`, float32 (N, C, H, W) and (N, 3, H, W) in [0, 1].

        Raises:
            KeyError: An id is not in the store.
        """
        rows = self.rows(ids)
        return to_tensor(self.x[rows]), to_tensor(self.y[rows])


@lru_cache
def _warn_once(message: str) -> None:
    """Warns of what is the same at every size that a dataset is decoded at, once a process."""
    log.warning(message)


def _decoded(
    source: PairSource, records: Sequence[Record], size: int, minimum: int, workers: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray, Conversions]]:
    # Threads, since Pillow decodes and resizes outside the interpreter's lock.
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(records), CHUNK_SIZE):
            chunk = records[start : start + CHUNK_SIZE]
            yield from pool.map(lambda record: source.load(record.id, size, minimum), chunk)


def _mapped(path: Path) -> np.ndarray:
    # Copy on write: torch takes no memory that cannot be written; the file stays as it is.
    array: np.ndarray = np.load(path, mmap_mode="c")
    return array
