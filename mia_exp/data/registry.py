"""From a dataset's settings to the dataset."""

from pathlib import Path

from mia_exp.config import (
    BDD100KDataset,
    CelebADataset,
    CityscapesDataset,
    DatasetConfig,
    FolderDataset,
    ImageNetDataset,
    OpenMojiDataset,
    SideBySideDataset,
)
from mia_exp.data.bdd100k import BDD100K
from mia_exp.data.celeba import CelebA
from mia_exp.data.cityscapes import Cityscapes
from mia_exp.data.folder import FolderPairs
from mia_exp.data.imagenet import ImageNet
from mia_exp.data.openmoji import OpenMoji
from mia_exp.data.side_by_side import SideBySidePairs, find_root
from mia_exp.data.source import PairSource


def open_source(config: DatasetConfig, data_dir: Path, download: bool = True, labels: bool = False) -> PairSource:
    """Opens a dataset, and downloads it where it is public and nobody said where it is.

    Args:
        config: The dataset.
        data_dir: Where a download goes.
        download: Whether one may be made.
        labels: Read x as an exact label map, where the dataset has classes; `layout` of what is returned says
            whether it has.

    Raises:
        DataError: The dataset is not where it should be, or cannot be downloaded.
    """
    match config:
        case OpenMojiDataset():
            return OpenMoji(config.name)
        case SideBySideDataset():
            return SideBySidePairs(config, find_root(config, data_dir, download), labels)
        case FolderDataset():
            return FolderPairs(config, labels)
        case CityscapesDataset():
            return Cityscapes(config, labels)
        case CelebADataset():
            return CelebA(config)
        case BDD100KDataset():
            return BDD100K(config, labels)
        case ImageNetDataset():
            return ImageNet(config)


def official_partitions(config: DatasetConfig) -> tuple[list[str], list[str]]:
    """Returns the partitions of members and of non-members; both empty where a dataset has none."""
    if isinstance(config, OpenMojiDataset | FolderDataset):
        return [], []
    return config.member_partitions, config.nonmember_partitions
