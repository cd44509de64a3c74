"""BDD100K's semantic segmentation: label maps in Cityscapes' colours, and photos."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mia_exp.core.errors import DataError
from mia_exp.data.files import check_side, fingerprint, images_by_stem, named_root
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.labels import check_known, paint, read_numbers, resize_numbers
from mia_exp.data.pair_source import InputLayout, PairSource, PartitionedDataset, Record
from mia_exp.data.pillow import header_size
from mia_exp.data.readers.cityscapes import CLASSES

log = logging.getLogger(__name__)

HOMEPAGE = "https://www.vis.xyz/bdd100k"
PHOTOS, MASKS = Path("images") / "10k", Path("labels") / "sem_seg" / "masks"
UNLABELLED = 255
# BDD100K's class numbers are Cityscapes' 19 training classes, in this order.
TRAINING_CLASSES = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
_COLOURS = dict(CLASSES)
COLOURS = (*(_COLOURS[name] for name in TRAINING_CLASSES), _COLOURS["unlabeled"])
# The colours of pix2pix's version of Cityscapes, in which some classes share a colour. Colours without a class in
# BDD100K stay in the palette, so that a shadow model accepts Cityscapes' label maps.
SHARED = ("ego vehicle", "rectification border", "out of roi", "static", "polegroup", "license plate")
PALETTE = tuple(colour for name, colour in CLASSES if name not in SHARED)


@dataclass
class BDD100KDataset(PartitionedDataset):
    """BDD100K's semantic segmentation: colour label map, in the colours of Cityscapes -> photo.

    Attributes:
        root: Folder that holds `images/10k` and `labels/sem_seg/masks`, or null: `$MIA_EXP_DATA/bdd100k`.
    """

    name: str = "bdd100k"

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "BDD100K":
        """Opens the folders; see `Dataset.open`."""
        return BDD100K(self, labels)


class BDD100K(PairSource):
    """Pairs of a label map and its photo; the id is `<partition>/<name>`.

    Args:
        config: Where the dataset is.
        labels: Read inputs as label maps.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.

    Raises:
        DataError: The dataset was not found.
    """

    def __init__(self, config: BDD100KDataset, labels: bool = False) -> None:
        self.name = config.name
        self.layout = InputLayout(PALETTE) if labels else InputLayout()
        self._root = named_root(config.root, config.name, (str(PHOTOS), str(MASKS)), HOMEPAGE)
        self._partitions = config.partitions()

    def records(self) -> list[Record]:
        """Lists the pairs in natural order, partition by partition.

        Raises:
            DataError: A partition has no image.
        """
        return [
            Record(id, id.partition("/")[0], photo.stat().st_size + mask.stat().st_size)
            for id, (photo, mask) in self._files.items()
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
            DataError: As there, or a mask has a number that is not a class.
        """
        photo_path, mask_path = self._files[id]
        photo, conversions = decode(photo_path)
        check_side(photo, minimum, photo_path)
        classes = read_numbers(mask_path)
        hint = "Is it one of BDD100K's sem_seg masks?"
        check_known(classes, len(TRAINING_CLASSES), UNLABELLED, mask_path, "class numbers", hint)
        classes[classes == UNLABELLED] = len(TRAINING_CLASSES)
        return paint(resize_numbers(classes, size), COLOURS), resize(photo, size), conversions

    @cached_property
    def _files(self) -> dict[str, tuple[Path, Path]]:
        found = {}
        without = 0
        for partition in self._partitions:
            if not (self._root / PHOTOS / partition).is_dir():
                log.warning("%s has no folder %s: this partition is skipped", self._root / PHOTOS, partition)
                continue
            masks = images_by_stem(self._root / MASKS / partition)
            for stem, photo in images_by_stem(self._root / PHOTOS / partition).items():
                if stem in masks:
                    found[f"{partition}/{stem}"] = (photo, masks[stem])
                else:
                    without += 1
        if without:
            log.warning("%s: %d photos have no mask and are skipped", self._root, without)
        if not found:
            raise DataError(f"{self._root}: expected photos with masks of the same name, found none.")
        return found
