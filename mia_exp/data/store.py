"""A dataset decoded at one size and stored in a folder."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mia_exp.core.progress import track
from mia_exp.data.image import Conversion, Conversions
from mia_exp.data.image_file import write_header
from mia_exp.data.pair_source import PairSource, Record

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

# Pairs that are decoded ahead of writing; bounds the memory.
CHUNK_SIZE = 64
X_FILE, Y_FILE = "x.npy", "y.npy"


class PairStore:
    """Pairs of a dataset, x and y memory-mapped.

    Args:
        folder: The folder that `build` wrote to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = pd.read_parquet(folder / "index.parquet")
        self._rows = {id: row for row, id in enumerate(self.ids)}

    def __reduce__(self) -> tuple[Any, ...]:
        # A memory map would be pickled to a worker as a copy of its content.
        return PairStore, (self.folder,)

    @classmethod
    def build(
        cls,
        source: PairSource,
        records: Sequence[Record],
        size: int,
        minimum: int,
        folder: Path,
        workers: int | None = None,
        has_inputs: bool = True,
    ) -> "PairStore":
        """Decodes pairs of `source`.

        Args:
            source: The dataset.
            records: Its pairs that are stored, in this order.
            size: Side of the stored images in pixels.
            minimum: Minimum side in pixels of an image file.
            folder: An existing folder, to which `x.npy`, `y.npy` and `index.parquet` are written.
            workers: Number of decoding threads, or None to choose by the machine; the result is the same.
            has_inputs: Whether x is another image than y; if not, `y.npy` is stored alone.

        Raises:
            DataError: A pair cannot be read: the first one of `records`.
            OSError: The disk is full.
        """
        channels = {X_FILE: source.layout.channels, Y_FILE: 3} if has_inputs else {Y_FILE: 3}
        converted: dict[Conversion, list[str]] = defaultdict(list)
        with ExitStack() as stack:
            # Written, not memory-mapped, so that a full disk raises an error and does not crash the process.
            files = {name: stack.enter_context((folder / name).open("wb")) for name in channels}
            for name, file in files.items():
                write_header(file, (len(records), size, size, channels[name]))
            pairs = _decoded(source, records, size, minimum, workers)
            for record, (x, y, conversions) in zip(
                records, track(pairs, "decoding pairs", len(records)), strict=True
            ):
                images = {X_FILE: x, Y_FILE: y}
                for name, file in files.items():
                    file.write(np.ascontiguousarray(images[name]).data)
                for conversion in conversions:
                    converted[conversion].append(record.id)
        pd.DataFrame(records).to_parquet(folder / "index.parquet", index=False)
        for conversion, ids in sorted(converted.items(), key=lambda item: item[0].name):
            _warn_once(f"in {len(ids)} of {len(records)} pairs, {conversion.value} (first: {ids[0]})")
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> "PairStore":
        """Opens a folder that `build` wrote to."""
        return cls(folder)

    @property
    def ids(self) -> list[str]:
        """The pairs' ids, by row."""
        return list(self._index["id"])

    @property
    def partitions(self) -> list[str]:
        """The pairs' partitions, by row."""
        return list(self._index["partition"])

    @property
    def source_bytes(self) -> list[int]:
        """Sizes of the pairs' files in bytes, by row."""
        return list(self._index["source_bytes"])

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return int(self.x.shape[1])

    @cached_property
    def x(self) -> np.ndarray:
        """Inputs, uint8 (N, H, W, C); the dataset's `InputLayout` describes the channels."""
        path = self.folder / X_FILE
        # A store of images without inputs has none; that a file was lost is found by its checksum.
        return _mapped(path) if path.exists() else self.y

    @cached_property
    def y(self) -> np.ndarray:
        """Targets, uint8 (N, H, W, 3)."""
        return _mapped(self.folder / Y_FILE)

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the rows of `ids` in `x` and `y`, int64 (len(ids),).

        Raises:
            KeyError: An id is not in the store.
        """
        return np.array([self._rows[id] for id in ids], dtype=np.int64)

    def batch(self, ids: Sequence[str]) -> "tuple[Tensor, Tensor]":
        """Returns x and y of `ids`, float32 (N, C, H, W) and (N, 3, H, W) in [0, 1].

        Raises:
            KeyError: An id is not in the store.
        """
        # Imported here: torch takes seconds to load, which a run that finds its stages made need not wait for.
        from mia_exp.data.tensors import to_tensor

        rows = self.rows(ids)
        return to_tensor(self.x[rows]), to_tensor(self.y[rows])


@lru_cache
def _warn_once(message: str) -> None:
    """Logs a warning once per process, although the dataset is decoded at several sizes."""
    log.warning(message)


def _decoded(
    source: PairSource, records: Sequence[Record], size: int, minimum: int, workers: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray, Conversions]]:
    # Threads, since Pillow releases the GIL while it decodes and resizes.
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(records), CHUNK_SIZE):
            chunk = records[start : start + CHUNK_SIZE]
            yield from pool.map(lambda record: source.load(record.id, size, minimum), chunk)


def _mapped(path: Path) -> np.ndarray:
    # Copy-on-write: torch requires writable memory, and the file must not change.
    array: np.ndarray = np.load(path, mmap_mode="c")
    return array
