"""A tree of photographs without inputs, for the difficulty alone."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from mia_exp.data.files import check_side, fingerprint, images_by_stem, named_root
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.pair_source import InputLayout, PairSource, PartitionedDataset, Record
from mia_exp.data.pillow import header_size

HOMEPAGE = "https://www.image-net.org"


@dataclass
class ImageNetDataset(PartitionedDataset):
    """A tree of images without inputs, `root/<partition>/<class>/NAME`: for the difficulty alone (victim=none).

    Attributes:
        root: Folder of the partitions, or null: `$MIA_EXP_DATA/imagenet`.
    """

    has_inputs: ClassVar[bool] = False

    name: str = "imagenet"

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "ImageNet":
        """Opens the folders; see `Dataset.open`."""
        return ImageNet(self)


class ImageNet(PairSource):
    """Images of `<partition>/<class>/NAME`; the id is that path without extension. x and y are the same image.

    Args:
        config: Where the dataset is.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.

    Raises:
        DataError: The dataset was not found.
    """

    layout = InputLayout()

    def __init__(self, config: ImageNetDataset) -> None:
        self.name = config.name
        self._partitions = config.partitions()
        self._root = named_root(config.root, config.name, self._partitions, HOMEPAGE)

    def records(self) -> list[Record]:
        """Lists the images in natural order, partition by partition.

        Raises:
            DataError: A partition has no image.
        """
        return [Record(id, id.partition("/")[0], path.stat().st_size) for id, path in self._files.items()]

    def fingerprint(self) -> str:
        """Returns the SHA-256 of the files' names and bytes."""
        return fingerprint(self._files.items())

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """The image's size; see `PairSource.sides`."""
        path = self._files[id]
        return [(path, *header_size(path))]

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one image, returned as x and as y; see `PairSource.load`."""
        image, conversions = decode(self._files[id])
        check_side(image, minimum, self._files[id])
        square = resize(image, size)
        return square, square, conversions

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {
            f"{partition}/{stem}": path
            for partition in self._partitions
            for stem, path in images_by_stem(self._root / partition, recursive=True).items()
        }
