"""From a dataset's settings to the dataset."""

from pathlib import Path

from mia_exp.config import FolderDataset, OpenMojiDataset, SideBySideDataset
from mia_exp.data.folder import FolderPairs
from mia_exp.data.openmoji import OpenMoji
from mia_exp.data.side_by_side import SideBySidePairs, find_root
from mia_exp.data.source import PairSource

DatasetConfig = OpenMojiDataset | SideBySideDataset | FolderDataset


def open_source(config: DatasetConfig, data_dir: Path, download: bool = True) -> PairSource:
    """Opens a dataset, and downloads it where it is public and nobody said where it is.

    Args:
        config: The dataset.
        data_dir: Where a download goes.
        download: Whether one may be made.

    Raises:
        DataError: The dataset is not where it should be, or cannot be downloaded.
    """
    match config:
        case OpenMojiDataset():
            return OpenMoji(config.name)
        case SideBySideDataset():
            return SideBySidePairs(config, find_root(config, data_dir, download))
        case FolderDataset():
            return FolderPairs(config)


def official_partitions(config: DatasetConfig) -> tuple[list[str], list[str]]:
    """Returns the partitions of members and of non-members; both empty where a dataset has none."""
    if isinstance(config, SideBySideDataset):
        return config.member_partitions, config.nonmember_partitions
    return [], []
