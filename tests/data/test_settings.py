"""The shipped settings fit their schemas and say what the datasets' publishers say."""

import pytest

from mia_exp.config.compose import compose_run
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.readers.openmoji import OpenMojiDataset
from mia_exp.data.readers.side_by_side import Direction, Side, SideBySideDataset
from mia_exp.data.splits.official_split import OfficialSplit
from mia_exp.data.splits.random_split import RandomSplit


# Counts as Isola et al. (2017) publish them, section 6.2.
@pytest.mark.parametrize(
    ("name", "folder", "nonmembers", "sizes"),
    [
        ("facades", "facades", ["test"], {"train": 400, "val": 100, "test": 106}),
        ("maps2sat", "maps", ["val"], {"train": 1096, "val": 1098}),
        ("cityscapes", "cityscapes", ["val"], {"train": 2975, "val": 500}),
    ],
)
def test_side_by_side(name, folder, nonmembers, sizes):
    settings = compose_run([f"dataset={name}"]).dataset
    assert isinstance(settings, SideBySideDataset)
    assert (settings.name, settings.folder) == (name, folder)
    assert (settings.photo_side, settings.direction) == (Side.left, Direction.label_to_photo)
    assert (settings.member_partitions, settings.nonmember_partitions) == (["train"], nonmembers)
    assert settings.partition_sizes == sizes
    assert settings.root is None
    assert settings.homepage.startswith("https://")


def test_cityscapes_is_never_downloaded():
    assert compose_run(["dataset=cityscapes"]).dataset.archive_url is None


@pytest.mark.parametrize(("name", "schema"), [("openmoji", OpenMojiDataset), ("folder", FolderDataset)])
def test_defaults_are_the_schemas(name, schema):
    assert compose_run([f"dataset={name}"]).dataset == schema()


@pytest.mark.parametrize(("name", "rule"), [("random", RandomSplit), ("official", OfficialSplit)])
def test_splits(name, rule):
    assert compose_run([f"split={name}", "seed=5"]).split == rule(seed=5)
