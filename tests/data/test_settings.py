"""The shipped settings fit their schemas and say what the datasets' publishers say."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

import mia_exp
from mia_exp.config import Direction, FolderDataset, OpenMojiDataset, Side, SideBySideDataset, SplitConfig

CONF = Path(mia_exp.__file__).parent / "conf"


def load(schema, path):
    values = OmegaConf.merge(
        {"seed": 5, "node": OmegaConf.structured(schema)}, {"node": OmegaConf.load(CONF / path)}
    )
    return OmegaConf.to_object(values)["node"]


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
    settings = load(SideBySideDataset, f"dataset/{name}.yaml")
    assert (settings.kind, settings.name, settings.folder) == ("side_by_side", name, folder)
    assert (settings.photo_side, settings.direction) == (Side.left, Direction.label_to_photo)
    assert (settings.member_partitions, settings.nonmember_partitions) == (["train"], nonmembers)
    assert settings.partition_sizes == sizes
    assert settings.root is None
    assert settings.homepage.startswith("https://")


def test_cityscapes_is_never_downloaded():
    assert load(SideBySideDataset, "dataset/cityscapes.yaml").archive_url is None


@pytest.mark.parametrize(("name", "schema"), [("openmoji", OpenMojiDataset), ("folder", FolderDataset)])
def test_defaults_are_the_schemas(name, schema):
    assert load(schema, f"dataset/{name}.yaml") == schema()


@pytest.mark.parametrize("kind", ["random", "official"])
def test_splits(kind):
    assert load(SplitConfig, f"split/{kind}.yaml") == SplitConfig(kind=kind, seed=5)
