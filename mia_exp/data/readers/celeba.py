"""CelebA: contours drawn from a face's landmarks, and the face."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path

import numpy as np

from mia_exp.core.errors import DataError
from mia_exp.core.keys import harmless
from mia_exp.core.reading import read_text, short
from mia_exp.data.files import check_side, fingerprint, images_by_stem, named_root
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.landmarks import Points, draw_contours, read_landmarks
from mia_exp.data.named_rows import named_rows, split_cells
from mia_exp.data.pair_source import ALL, CONTENT, InputLayout, PairSource, PartitionedDataset, Record
from mia_exp.data.pillow import header_size


class Landmarks(Enum):
    """The landmarks that are read: 68 points in a CSV, or CelebA's own five."""

    points_68 = "points_68"
    points_5 = "points_5"


HOMEPAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
FACES = "img_align_celeba"
COUNTS = {Landmarks.points_68: 68, Landmarks.points_5: 5}
FILES = {
    Landmarks.points_68: ("landmarks_68.csv",),
    Landmarks.points_5: ("list_landmarks_align_celeba.txt", "list_landmarks_align_celeba.csv"),
}
# CelebA's own points are in pixels of its original aligned images, even if the images were resized.
ALIGNED = (178, 218)
PARTITIONS = {"0": "train", "1": "val", "2": "test"}
# Names that an error message lists.
MAX_LISTED = 5


@dataclass
class CelebADataset(PartitionedDataset):
    """CelebA: the contours of a face, drawn from its landmarks -> the face.

    Attributes:
        root: Folder of `img_align_celeba` and the landmarks, or null: `$MIA_EXP_DATA/celeba`.
        landmarks: `points_68` or `points_5`.
        landmarks_file: Name of the file in `root`, or null: `landmarks_68.csv`, or
            `list_landmarks_align_celeba.txt` (or `.csv`) for the five points.
        partitions_file: Name of the file in `root` with CelebA's partitions; without it there is no official split.
    """

    name: str = "celeba"
    landmarks: Landmarks = Landmarks.points_68
    landmarks_file: str | None = harmless(None, because=CONTENT)
    partitions_file: str = harmless("list_eval_partition.txt", because="enters by each pair's partition")
    nonmember_partitions: list[str] = field(default_factory=lambda: ["test"])

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "CelebA":
        """Opens the folders; see `Dataset.open`."""
        return CelebA(self)


class CelebA(PairSource):
    """Pairs of a contour drawing and its face; the id is the image's number, `000001`.

    Args:
        config: Where the dataset is, and which landmarks are drawn.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.

    Raises:
        DataError: The dataset was not found.
    """

    layout = InputLayout()

    def __init__(self, config: CelebADataset) -> None:
        self.name = config.name
        self._config = config
        self._root = named_root(config.root, config.name, (FACES,), HOMEPAGE)

    def records(self) -> list[Record]:
        """Lists the faces in natural order, with CelebA's own partitions if their file exists.

        Raises:
            DataError: There is no face, or one has no landmarks.
        """
        faces = {path.name for path in self._files.values()}
        partitions = _read_partitions(self._root / self._config.partitions_file, faces)
        without = [path.name for path in self._files.values() if path.name not in self._landmarks]
        if without:
            names = ", ".join(without[:MAX_LISTED]) + (", ..." if len(without) > MAX_LISTED else "")
            raise DataError(
                f"{self._landmarks_path}: {len(without)} of the {len(self._files)} faces in {FACES} have no "
                f"landmarks in this file: {names}. Remove these images, or add their rows."
            )
        return [Record(id, partitions.get(path.name, ALL), path.stat().st_size) for id, path in self._files.items()]

    def fingerprint(self, ids: Sequence[str]) -> str:
        """The SHA-256 of the faces and of the landmarks' whole file; see `PairSource.fingerprint`."""
        return fingerprint([("landmarks", self._landmarks_path), *((id, self._files[id]) for id in ids)])

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """The face's size; see `PairSource.sides`."""
        path = self._files[id]
        return [(path, *header_size(path))]

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair; see `PairSource.load`."""
        path = self._files[id]
        face, conversions = decode(path)
        check_side(face, minimum, path)
        height, width = face.shape[:2]
        extent = (width, height) if self._config.landmarks is Landmarks.points_68 else ALIGNED
        return draw_contours(self._landmarks[path.name] / extent, size), resize(face, size), conversions

    @cached_property
    def _files(self) -> dict[str, Path]:
        return images_by_stem(self._root / FACES)

    @cached_property
    def _landmarks_path(self) -> Path:
        config = self._config
        names = [config.landmarks_file] if config.landmarks_file else FILES[config.landmarks]
        candidates = [self._root / name for name in names]
        return next((path for path in candidates if path.is_file()), candidates[0])

    @cached_property
    def _landmarks(self) -> dict[str, Points]:
        landmarks = read_landmarks(self._landmarks_path, COUNTS[self._config.landmarks])
        # The table may name images without their extension.
        return {self._named_as_file(name): points for name, points in landmarks.items()}

    def _named_as_file(self, name: str) -> str:
        return self._files[name].name if name in self._files else name


def _read_partitions(path: Path, faces: Collection[str]) -> Mapping[str, str]:
    """The partition by image name, from CelebA's `list_eval_partition`; empty if the file does not exist."""
    if not path.is_file():
        return {}
    expected = "an image's name and 0, 1 or 2 (train, val, test)"
    lines = ((number, split_cells(line)) for number, line in enumerate(read_text(path).splitlines(), 1))
    partitions: dict[str, str] = {}
    for row in named_rows(path, lines, 1, expected, known=faces):
        (number,) = row.numbers
        if number not in PARTITIONS:
            raise DataError(f"{row.place}: expected {expected}, found {short(number)!r} for {short(row.name)}.")
        partitions[row.name] = PARTITIONS[number]
    return partitions
