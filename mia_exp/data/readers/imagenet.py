"""A tree of photographs without inputs, for the difficulty alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mia_exp.data.files import check_side, named_root
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.pair_source import InputLayout, PartitionedDataset
from mia_exp.data.partitioned_files import PartitionedFiles
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


class ImageNet(PartitionedFiles):
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
        partitions = config.partitions()
        super().__init__(named_root(config.root, config.name, partitions, HOMEPAGE), partitions, recursive=True)

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
