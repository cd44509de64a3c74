"""Datasets of one file per pair, in a folder for each partition."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from mia_exp.data.files import fingerprint, images_by_stem
from mia_exp.data.pair_source import PairSource, Record


class PartitionedFiles(PairSource):
    """Files `<partition>/NAME`; the id is the path without extension, such as `train/12`.

    Args:
        root: The folder of the partitions.
        partitions: Their names.
        recursive: Whether a partition has subfolders.
    """

    def __init__(self, root: Path, partitions: Sequence[str], recursive: bool) -> None:
        self._root = root
        self._partitions = partitions
        self._recursive = recursive

    def records(self) -> list[Record]:
        """Lists the files in natural order, partition by partition.

        Raises:
            DataError: A partition has no image.
        """
        return [Record(id, id.partition("/")[0], path.stat().st_size) for id, path in self._files.items()]

    def fingerprint(self, ids: Sequence[str]) -> str:
        """The SHA-256 of the files' names and bytes; see `PairSource.fingerprint`."""
        return fingerprint((id, self._files[id]) for id in ids)

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {
            f"{partition}/{stem}": path
            for partition in self._partitions
            for stem, path in images_by_stem(self._root / partition, self._recursive).items()
        }
