"""What every dataset looks like to the rest of the package: named pairs, listed first and decoded later."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from omegaconf import MISSING

from mia_exp.core.component import Component
from mia_exp.core.keys import harmless
from mia_exp.data.image import Conversions

# A dataset enters a key by the names and bytes of its files, wherever they lie.
CONTENT = "says where files are, which enter by name and content"
# The partition of a dataset that has none of its own.
SINGLE_PARTITION = "all"


@dataclass(frozen=True)
class Record:
    """A pair that was listed and not decoded.

    Attributes:
        id: Unique in its dataset, and the same on every machine.
        partition: The part of the dataset that it was published in, or `all`.
        source_bytes: Bytes of the files that hold the pair.
    """

    id: str
    partition: str
    source_bytes: int


Colour = tuple[int, int, int]


@dataclass(frozen=True)
class InputLayout:
    """What the channels of x mean.

    Attributes:
        palette: Where x is a label map: the colour of each class, which every pixel of x has exactly. None where
            x is an image like any other.
        instances: Whether x has a fourth channel, 255 where a pixel touches another instance and 0 elsewhere.
    """

    palette: tuple[Colour, ...] | None = None
    instances: bool = False

    @property
    def channels(self) -> int:
        """Channels of x: red, green, blue, and the instance boundaries where there are any."""
        return 4 if self.instances else 3


class PairSource(Protocol):
    """A dataset of pairs (x, y); readers inherit from it.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.
    """

    name: str
    layout: InputLayout

    def records(self) -> list[Record]:
        """Lists the pairs in natural order (`2` before `10`); decodes nothing.

        Raises:
            DataError: There are none, or their names do not pair up.
        """
        ...

    def fingerprint(self) -> str:
        """Returns a SHA-256, in hexadecimal, that changes when any pair's content or id does."""
        ...

    def hint(self) -> str | None:
        """Says in words where its settings may not be meant; None where nothing looks wrong.

        Raises:
            DataError: A file cannot be read.
        """
        return None

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """Lists the images on disk that become one pair's squares, each with its width and height in pixels.

        Headers are read and no pixels. Of two images in one file it is the size of one. What is drawn at any size
        is not among them.

        Raises:
            DataError: A header cannot be read, with the message that `load` has for it.
        """
        ...

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair.

        Args:
            id: A record's id.
            size: Side of the square images wanted, in pixels.
            minimum: Least side in pixels that an image on disk may have; drawings have any size.

        Returns:
            x, uint8 (size, size, layout.channels), y, uint8 (size, size, 3), and the conversions that they needed.

        Raises:
            DataError: A file cannot be read, or its image is smaller than `minimum`.
        """
        ...


@dataclass
class Dataset(Component):
    """A dataset: its settings, and how it is opened.

    Attributes:
        name: What the dataset is called.
        attribution: Lines that its licence asks for wherever its images are shown.
        has_inputs: Whether its images have inputs that a victim can be given.
    """

    attribution: ClassVar[tuple[str, ...]] = ()
    has_inputs: ClassVar[bool] = True

    name: str = MISSING

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> PairSource:
        """Finds the dataset, and downloads it where it is public and nobody said where it is.

        Args:
            data_dir: Where a download goes.
            download: Whether one may be made; a plan does not.
            labels: Read x as an exact label map, where the dataset has classes; `layout` of what is returned says
                whether it has.

        Raises:
            DataError: The dataset is not where it should be, or cannot be downloaded.
        """
        raise NotImplementedError

    def official_partitions(self) -> tuple[list[str], list[str]]:
        """The partitions of members and of non-members; both empty where the dataset has none."""
        return [], []


@dataclass
class PartitionedDataset(Dataset):
    """A dataset that was published in parts.

    Attributes:
        root: Folder that holds it, or null for the usual place.
        member_partitions: Partitions that the official split trains on.
        nonmember_partitions: Partitions that it holds out.
    """

    root: str | None = harmless(None, because=CONTENT)
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["val"])

    def official_partitions(self) -> tuple[list[str], list[str]]:
        """The partitions of members and of non-members."""
        return self.member_partitions, self.nonmember_partitions

    def partitions(self) -> list[str]:
        """All partitions that are read, each once."""
        return list(dict.fromkeys((*self.member_partitions, *self.nonmember_partitions)))
