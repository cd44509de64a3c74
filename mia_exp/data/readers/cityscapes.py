"""Cityscapes as its authors distribute it: photos, class numbers and instance numbers in separate files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mia_exp.core.errors import DataError
from mia_exp.data.files import check_name, check_side, fingerprint, named_root, natural_key
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.labels import check_known, instance_boundaries, paint, read_numbers, resize_numbers
from mia_exp.data.pair_source import Colour, InputLayout, PairSource, PartitionedDataset, Record
from mia_exp.data.pillow import header_size

HOMEPAGE = "https://www.cityscapes-dataset.com"
# The authors' colours, by label id from 0; the last is license plate, whose id is -1. Classes that share a colour
# in their table differ here by one unit, so that all are distinct.
CLASSES: tuple[tuple[str, Colour], ...] = (
    ("unlabeled", (0, 0, 0)),
    ("ego vehicle", (1, 0, 0)),
    ("rectification border", (0, 1, 0)),
    ("out of roi", (0, 0, 1)),
    ("static", (1, 1, 0)),
    ("dynamic", (111, 74, 0)),
    ("ground", (81, 0, 81)),
    ("road", (128, 64, 128)),
    ("sidewalk", (244, 35, 232)),
    ("parking", (250, 170, 160)),
    ("rail track", (230, 150, 140)),
    ("building", (70, 70, 70)),
    ("wall", (102, 102, 156)),
    ("fence", (190, 153, 153)),
    ("guard rail", (180, 165, 180)),
    ("bridge", (150, 100, 100)),
    ("tunnel", (150, 120, 90)),
    ("pole", (153, 153, 153)),
    ("polegroup", (153, 153, 154)),
    ("traffic light", (250, 170, 30)),
    ("traffic sign", (220, 220, 0)),
    ("vegetation", (107, 142, 35)),
    ("terrain", (152, 251, 152)),
    ("sky", (70, 130, 180)),
    ("person", (220, 20, 60)),
    ("rider", (255, 0, 0)),
    ("car", (0, 0, 142)),
    ("truck", (0, 0, 70)),
    ("bus", (0, 60, 100)),
    ("caravan", (0, 0, 90)),
    ("trailer", (0, 0, 110)),
    ("train", (0, 80, 100)),
    ("motorcycle", (0, 0, 230)),
    ("bicycle", (119, 11, 32)),
    ("license plate", (0, 0, 143)),
)
PALETTE: tuple[Colour, ...] = tuple(colour for _, colour in CLASSES)
# -1, stored as an unsigned byte in the label files.
LICENSE_PLATE = 255


@dataclass
class CityscapesDataset(PartitionedDataset):
    """Cityscapes as its authors distribute it: photos, class numbers and instance numbers in three files.

    Attributes:
        root: Folder of `leftImg8bit` and `gtFine`, or null: `$MIA_EXP_DATA/cityscapes_original`.
    """

    name: str = "cityscapes_original"

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "Cityscapes":
        """Opens the folders; see `Dataset.open`."""
        return Cityscapes(self, labels)


class Cityscapes(PairSource):
    """Pairs of a label map and its photo; the id is `<partition>/<city>/<name>`.

    Args:
        config: Where the dataset is.
        labels: Read inputs with instance boundaries.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.

    Raises:
        DataError: The dataset was not found.
    """

    def __init__(self, config: CityscapesDataset, labels: bool = False) -> None:
        self.name = config.name
        self.layout = InputLayout(PALETTE, instances=True) if labels else InputLayout()
        self._root = named_root(config.root, config.name, ("leftImg8bit", "gtFine"), HOMEPAGE)
        self._partitions = config.partitions()

    def records(self) -> list[Record]:
        """Lists the pairs in natural order, partition by partition.

        Raises:
            DataError: There is no pair, or a photo has no label or instance file.
        """
        return [
            Record(id, id.partition("/")[0], sum(path.stat().st_size for path in files[:2]))
            for id, files in self._files.items()
        ]

    def fingerprint(self, ids: Sequence[str]) -> str:
        """The SHA-256 of the files' names and bytes; see `PairSource.fingerprint`."""
        return fingerprint((f"{id} {part}", path) for id in ids for part, path in enumerate(self._files[id]))

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """The photo's size; see `PairSource.sides`."""
        path = self._files[id][0]
        return [(path, *header_size(path))]

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair; see `PairSource.load`.

        Raises:
            DataError: As there, or a label file has an id that Cityscapes does not define.
        """
        photo_path, label_path, *instance_path = self._files[id]
        photo, conversions = decode(photo_path)
        check_side(photo, minimum, photo_path)
        labels = read_numbers(label_path)
        hint = "Is it a gtFine_labelIds file?"
        check_known(labels, len(CLASSES) - 1, LICENSE_PLATE, label_path, "label ids", hint)
        labels[labels == LICENSE_PLATE] = len(CLASSES) - 1
        x = paint(resize_numbers(labels, size), PALETTE)
        for path in instance_path:
            x = np.dstack([x, instance_boundaries(resize_numbers(read_numbers(path), size))])
        return x, resize(photo, size), conversions

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """By id: photo, labels and, if they are read, instances."""
        kinds = ["labelIds", "instanceIds"] if self.layout.instances else ["labelIds"]
        found = {}
        for partition in self._partitions:
            photos = sorted((self._root / "leftImg8bit" / partition).glob("*/*_leftImg8bit.png"))
            for photo in sorted(photos, key=lambda path: natural_key(path.name)):
                check_name(str(photo.relative_to(self._root)), photo)
                city, stem = photo.parent.name, photo.name.removesuffix("_leftImg8bit.png")
                folder = self._root / "gtFine" / partition / city
                files = [photo, *(folder / f"{stem}_gtFine_{kind}.png" for kind in kinds)]
                missing = [path for path in files if not path.is_file()]
                if missing:
                    raise DataError(
                        f"{missing[0]}: expected beside {photo.name}, found no such file. Unpack "
                        "gtFine_trainvaltest.zip into the same folder; with victim.one_hot_labels=false, no "
                        "instances are needed."
                    )
                found[f"{partition}/{city}/{stem}"] = files
        if not found:
            raise DataError(
                f"{self._root}: expected photos leftImg8bit/{next(iter(self._partitions))}/<city>/"
                "*_leftImg8bit.png, found none."
            )
        return found
