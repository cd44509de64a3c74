"""The interface of datasets: pairs with ids, listed first and decoded later."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from omegaconf import MISSING

from mia_exp.core.check import require
from mia_exp.core.component import Component
from mia_exp.core.keys import harmless
from mia_exp.core.seeds import derive, shuffled
from mia_exp.data.image import Conversions

# A dataset enters a key by the names and bytes of its files, not by their location.
CONTENT = "says where files are, which enter by name and content"
# The partition name of a dataset without partitions.
ALL = "all"
# Not the order that a split is drawn in: of partitions of different sizes, the same share has to be in each list.
SELECTION_SEED = derive(0, "max_pairs")


@dataclass(frozen=True)
class Record:
    """A listed pair, not yet decoded.

    Attributes:
        id: Unique in its dataset, and the same on every machine.
        partition: The partition of the dataset that it was published in, or `all`.
        source_bytes: Size of the pair's files in bytes.
    """

    id: str
    partition: str
    source_bytes: int


Colour = tuple[int, int, int]


@dataclass(frozen=True)
class InputLayout:
    """What the channels of x mean.

    Attributes:
        palette: If x is a label map: the colour of each class; every pixel of x has exactly one of them. None if x
            is an ordinary image.
        instances: Whether x has a fourth channel, 255 if a pixel touches another instance and 0 elsewhere.
    """

    palette: tuple[Colour, ...] | None = None
    instances: bool = False

    @property
    def channels(self) -> int:
        """Channels of x: red, green, blue, and the instance boundaries if there are any."""
        return 4 if self.instances else 3


class PairSource(Protocol):
    """An opened dataset of pairs (x, y); readers inherit from it.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.
    """

    name: str
    layout: InputLayout

    def records(self) -> list[Record]:
        """Lists the pairs in natural order (`2` before `10`), without opening their files.

        Raises:
            DataError: There are none, or their names do not match.
        """
        ...

    def fingerprint(self, ids: Sequence[str]) -> str:
        """Returns a SHA-256, in hexadecimal, over the contents of some pairs; files of others are not opened.

        Args:
            ids: Of the pairs, in the order of the records. The ids and partitions themselves enter keys anyway.
        """
        ...

    def hint(self, ids: Sequence[str]) -> str | None:
        """A warning if the settings seem not to suit the pairs `ids`; None otherwise.

        Raises:
            DataError: A file cannot be read.
        """
        return None

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """Lists the image files of one pair, each with its width and height in pixels.

        Only headers are read. If one file contains two images, the size is that of one. Images that are drawn at
        any size are left out.

        Raises:
            DataError: A header cannot be read, with the same message as from `load`.
        """
        ...

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair.

        Args:
            id: A record's id.
            size: Side of the returned square images, in pixels.
            minimum: Minimum side in pixels of an image file.

        Returns:
            x, uint8 (size, size, layout.channels), y, uint8 (size, size, 3), and the conversions that were applied.

        Raises:
            DataError: A file cannot be read, or its image is smaller than `minimum`.
        """
        ...


@dataclass
class Dataset(Component):
    """A dataset: its settings, and how it is opened.

    Attributes:
        name: The dataset's name.
        max_pairs: At most so many pairs of each partition are used, or null for all. Which ones depends on their
            ids alone, so that they are the same on every machine, and those of a smaller number are among those
            of a larger. Files of other pairs are listed and never opened.
        skip_small: Leave out pairs with an image whose shorter side is below `victim.image_size`, and count them,
            instead of ending with an error.
        attribution: Lines that its licence requires wherever its images are shown.
        has_inputs: Whether its images have inputs for a victim; if not, x is y.
    """

    attribution: ClassVar[tuple[str, ...]] = ()
    has_inputs: ClassVar[bool] = True

    name: str = MISSING
    max_pairs: int | None = harmless(None, because="the pairs that are used enter by id and content")
    skip_small: bool = harmless(False, because="the pairs that are used enter by id and content")

    def __post_init__(self) -> None:
        require(
            self.max_pairs is None or self.max_pairs >= 2,
            f"dataset.max_pairs={self.max_pairs}: expected 2 or more, or null for all pairs",
        )

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> PairSource:
        """Finds the dataset, and downloads it if it is public and no folder was set.

        Args:
            data_dir: The folder for downloads.
            download: Whether a download is allowed; a plan does not download.
            labels: Read x as an exact label map, if the dataset has classes; the `layout` of the returned source
                says whether it has.

        Raises:
            DataError: The dataset was not found, or cannot be downloaded.
        """
        raise NotImplementedError

    def select(self, records: Sequence[Record]) -> list[Record]:
        """The first `max_pairs` of each partition in a random order of their ids; all if it is None.

        Args:
            records: All pairs of the dataset.

        Returns:
            The selected ones, in the order of `records`.
        """
        if self.max_pairs is None:
            return list(records)
        partitions = defaultdict(list)
        for record in records:
            partitions[record.partition].append(record.id)
        selected = {id for ids in partitions.values() for id in shuffled(ids, SELECTION_SEED)[: self.max_pairs]}
        return [record for record in records if record.id in selected]

    def official_partitions(self) -> tuple[list[str], list[str]]:
        """The partitions of members and of non-members; both empty if the dataset has none."""
        return [], []


@dataclass
class PartitionedDataset(Dataset):
    """A dataset that was published in partitions.

    Attributes:
        root: Its folder, or null for the default location.
        member_partitions: Partitions of the official split that members are taken from.
        nonmember_partitions: Partitions that non-members and shadow pairs are taken from.
    """

    root: str | None = harmless(None, because=CONTENT)
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["val"])

    def official_partitions(self) -> tuple[list[str], list[str]]:
        """The partitions of members and of non-members."""
        return self.member_partitions, self.nonmember_partitions

    def partitions(self) -> list[str]:
        """All partitions that are read, without duplicates."""
        return list(dict.fromkeys((*self.member_partitions, *self.nonmember_partitions)))
