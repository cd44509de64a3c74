"""The shipped settings fit their schemas and say what the datasets' publishers say."""

import pytest

from mia_exp.config.compose import compose_run
from mia_exp.data.readers.bdd100k import BDD100KDataset
from mia_exp.data.readers.celeba import CelebADataset
from mia_exp.data.readers.cityscapes import CityscapesDataset
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.readers.imagenet import ImageNetDataset
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


@pytest.mark.parametrize(
    ("name", "schema", "partitions"),
    [
        ("openmoji", OpenMojiDataset, ([], [])),
        ("folder", FolderDataset, ([], [])),
        ("celeba", CelebADataset, (["train"], ["test"])),
        ("imagenet", ImageNetDataset, (["train"], ["val"])),
        ("bdd100k", BDD100KDataset, (["train"], ["val"])),
        ("cityscapes_original", CityscapesDataset, (["train"], ["val"])),
    ],
)
def test_defaults_are_the_schemas(name, schema, partitions):
    # ImageNet has no inputs, so a victim is refused.
    words = ["victim=none", "attack=difficulty"] if name == "imagenet" else []
    settings = compose_run([f"dataset={name}", *words]).dataset
    assert settings == schema()
    assert settings.name == name
    assert settings.official_partitions() == partitions


@pytest.mark.parametrize(("name", "rule"), [("random", RandomSplit), ("official", OfficialSplit)])
def test_splits(name, rule):
    assert compose_run([f"split={name}", "seed=5"]).split == rule(seed=5)
