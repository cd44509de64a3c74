"""Pairs as pix2pix distributes them: photo and label map side by side in one file."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
from omegaconf import MISSING

from mia_exp.core.errors import DataError
from mia_exp.core.keys import harmless
from mia_exp.data.download import fetch_archive
from mia_exp.data.files import DATA_VARIABLE, check_side, user_data_folder
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.labels import as_palette, check_palette, paint, read_colours, resize_numbers
from mia_exp.data.pair_source import CONTENT, InputLayout, PartitionedDataset
from mia_exp.data.partitioned_files import PartitionedFiles
from mia_exp.data.pillow import header_size

log = logging.getLogger(__name__)


class Side(Enum):
    """A half of a side-by-side pair."""

    left = "left"
    right = "right"


class Direction(Enum):
    """Which half is the input (x) and which is the target (y)."""

    label_to_photo = "label_to_photo"
    photo_to_label = "photo_to_label"


@dataclass
class SideBySideDataset(PartitionedDataset):
    """Pairs as pix2pix distributes them: `root/<partition>/N.jpg`, the two halves side by side.

    Attributes:
        folder: Name of the dataset's folder in the archive and in `$MIA_EXP_DATA`.
        photo_side: The half with the photo.
        direction: Which half is x and which is y.
        palette: Colours [red, green, blue] of the label map's classes, or null if the other half is not a label
            map.
        palette_tolerance: Share of a label map's pixels that may be in areas of a colour outside of the palette.
        homepage: The dataset's web page.
        archive_url: The official archive, used if there is no root; null if it must not be redistributed.
        archive_sha256: Its SHA-256 in hexadecimal, or null if none is published; verified if given.
        partition_sizes: Number of pairs in the official archive, by partition.
    """

    folder: str = harmless(MISSING, because=CONTENT)
    photo_side: Side = Side.left
    direction: Direction = Direction.label_to_photo
    palette: list[list[int]] | None = None
    palette_tolerance: float = 0.01
    nonmember_partitions: list[str] = field(default_factory=lambda: ["test"])
    homepage: str = harmless(MISSING, because="shown to a person")
    archive_url: str | None = harmless(None, because=CONTENT)
    archive_sha256: str | None = harmless(None, because="checked when the archive is fetched")
    partition_sizes: dict[str, int] = harmless(because="checked when the archive is fetched", default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_palette(self.palette, self.palette_tolerance)

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "SideBySidePairs":
        """Finds the dataset's folder, or downloads the archive; see `Dataset.open`."""
        return SideBySidePairs(self, find_root(self, data_dir, download), labels)


class SideBySidePairs(PartitionedFiles):
    """Pairs of `<partition>/NAME.jpg`; the id is `<partition>/NAME`, such as `train/12`.

    Args:
        config: Which half is which.
        root: The folder of the partitions.
        labels: Read inputs as label maps, if the dataset has classes.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.
    """

    def __init__(self, config: SideBySideDataset, root: Path, labels: bool = False) -> None:
        self.name = config.name
        inputs_are_maps = config.direction is Direction.label_to_photo
        self.layout = InputLayout(as_palette(config.palette) if labels and inputs_are_maps else None)
        self._tolerance = config.palette_tolerance
        partitions = _present(root, config.partitions())
        super().__init__(root, partitions, recursive=False)
        for missing in set(config.partitions()) - set(partitions):
            log.warning("%s has no folder %s: this partition is skipped", root, missing)
        photo_is_x = config.direction is Direction.photo_to_label
        self._x_is_left = photo_is_x == (config.photo_side is Side.left)

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """The size of the file's halves; see `PairSource.sides`.

        Raises:
            DataError: As there, or the file has an odd width.
        """
        path = self._files[id]
        width, height = header_size(path)
        if width < height:
            # Probably an image stored rotated, with an EXIF orientation at its end: decoded to find out.
            height, width = decode(path)[0].shape[:2]
        return [(path, _half(width, height, path), height)]

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair; see `PairSource.load`.

        Raises:
            DataError: As there, or the image has an odd width.
        """
        path = self._files[id]
        image, conversions = decode(path)
        height, width, _ = image.shape
        half = _half(width, height, path)
        left, right = image[:, :half], image[:, half:]
        check_side(left, minimum, path)
        x, y = (left, right) if self._x_is_left else (right, left)
        if self.layout.palette is None:
            return resize(x, size), resize(y, size), conversions
        classes = resize_numbers(read_colours(x, self.layout.palette, self._tolerance, path), size)
        return paint(classes, self.layout.palette), resize(y, size), conversions


def find_root(config: SideBySideDataset, data_dir: Path, download: bool = True) -> Path:
    """Finds the folder of the dataset's partitions, and downloads it if none was set.

    `dataset.root` comes first, then `$MIA_EXP_DATA/<folder>`, then `data_dir/<folder>`, the download folder.

    Args:
        config: The dataset.
        data_dir: The folder for downloads.
        download: Whether a download is allowed; a plan does not download.

    Raises:
        DataError: The folder that was set has no partitions, or there is no archive to download, or it failed.
    """
    wanted = config.partitions()
    if config.root is not None:
        given = Path(config.root).expanduser()
        return _holder(wanted, (given, given / config.folder), "Set dataset.root to it.")
    shared = user_data_folder()
    if shared is not None:
        remedy = f"Put it there, set dataset.root to it, or unset {DATA_VARIABLE}."
        return _holder(wanted, (shared / config.folder,), remedy)
    destination = data_dir / config.folder
    if not destination.exists():
        if config.archive_url is None:
            raise DataError(
                f"dataset={config.name} cannot be downloaded: its licence requires each user to register. Download "
                f"it from {config.homepage} and set dataset.root to the folder of {' and '.join(wanted)}; "
                f"docs/datasets/{config.name}.md says how."
            )
        if not download:
            raise DataError(
                f"dataset={config.name} has not been downloaded, and a plan downloads nothing: a run would "
                f"download {config.archive_url} to {destination}. Set dataset.root to plan with your own copy."
            )
        fetch_archive(config.archive_url, config.archive_sha256, destination, config.partition_sizes)
    return _holder(wanted, (destination,), f"Set dataset.root to it, or remove {destination} to download it.")


def _half(width: int, height: int, path: Path) -> int:
    if width % 2:
        raise DataError(
            f"{path}: expected two images of equal width side by side, found {width}x{height} pixels, an odd width."
        )
    return width // 2


def _holder(partitions: Sequence[str], candidates: Sequence[Path], remedy: str) -> Path:
    for folder in candidates:
        if _present(folder, partitions):
            return folder
    names = " or ".join(f"{name}/" for name in partitions)
    places = " or ".join(map(str, candidates))
    raise DataError(f"expected a folder with {names}, found none at {places}. {remedy}")


def _present(folder: Path, partitions: Sequence[str]) -> list[str]:
    return [name for name in partitions if (folder / name).is_dir()]
