"""Cityscapes in its authors' layout, and BDD100K, on trees drawn here."""

import logging

import numpy as np
import pytest
from PIL import Image

from mia_exp.config.compose import compose_run
from mia_exp.core.errors import DataError
from mia_exp.data.readers.bdd100k import PALETTE as BDD_PALETTE
from mia_exp.data.readers.bdd100k import BDD100KDataset
from mia_exp.data.readers.cityscapes import CLASSES, PALETTE, CityscapesDataset

STEM = "aachen/aachen_000000_000019"


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def cityscapes(tmp_path):
    labels = np.full((32, 64), 7, np.uint8)  # road
    labels[:, 32:] = 26  # cars
    labels[0, :2] = 255  # a license plate, -1 in a byte
    instances = labels.astype(np.uint16)
    instances[:, 32:48], instances[:, 48:] = 26000, 26001
    for partition in ("train", "val"):
        for number in (2, 10):
            stem = f"aachen/aachen_{number:06d}_000019"
            save(
                tmp_path / "leftImg8bit" / partition / f"{stem}_leftImg8bit.png",
                np.full((32, 64, 3), number, np.uint8),
            )
            save(tmp_path / "gtFine" / partition / f"{stem}_gtFine_labelIds.png", labels)
            save(tmp_path / "gtFine" / partition / f"{stem}_gtFine_instanceIds.png", instances)
    return tmp_path


def opened(root, labels=True):
    return CityscapesDataset(root=str(root)).open(root, labels=labels)


def test_classes_are_the_35_of_pix2pixhd():
    # label_nc = 35 there: the ids 0 to 33, and -1.
    assert len(CLASSES) == len(set(PALETTE)) == 35
    names = [name for name, _ in CLASSES]
    assert (names[7], names[11], names[26], names[33]) == ("road", "building", "car", "bicycle")


def test_labels_and_instances_are_read(cityscapes):
    source = opened(cityscapes)
    assert [record.id for record in source.records()] == [
        f"{partition}/aachen/aachen_{number:06d}_000019" for partition in ("train", "val") for number in (2, 10)
    ]
    assert source.records()[0].partition == "train"
    assert source.layout.palette == PALETTE and source.layout.channels == 4
    x, y, _ = source.load("train/aachen/aachen_000002_000019", 32, 32)
    colours = dict(CLASSES)
    assert tuple(x[5, 0, :3]) == colours["road"] and tuple(x[5, 31, :3]) == colours["car"]
    assert tuple(x[0, 0, :3]) == colours["license plate"]
    # Two cars side by side are one area of colour and two instances.
    assert np.flatnonzero(x[16, :, 3]).tolist() == [15, 16, 23, 24]
    assert (y == 2).all() and y.shape == (32, 32, 3)


def test_without_labels_it_is_a_picture_and_needs_no_instances(cityscapes):
    for path in cityscapes.rglob("*_instanceIds.png"):
        path.unlink()
    source = opened(cityscapes, labels=False)
    assert source.layout.channels == 3
    assert source.load("val/aachen/aachen_000010_000019", 32, 32)[0].shape == (32, 32, 3)
    with pytest.raises(DataError, match=r"aachen_000002_000019_gtFine_instanceIds\.png: expected beside"):
        opened(cityscapes).records()


def test_a_label_that_cityscapes_has_not(cityscapes):
    path = cityscapes / "gtFine" / "train" / "aachen" / "aachen_000002_000019_gtFine_labelIds.png"
    save(path, np.full((32, 64), 34, np.uint8))
    with pytest.raises(DataError, match=r"labelIds\.png: .*found 34"):
        opened(cityscapes).load("train/aachen/aachen_000002_000019", 32, 32)


def test_a_folder_that_is_not_cityscapes(tmp_path):
    with pytest.raises(DataError, match=r"found no leftImg8bit, no gtFine"):
        opened(tmp_path)
    with pytest.raises(DataError, match=r"cityscapes_original is not downloaded.*www\.cityscapes-dataset\.com"):
        CityscapesDataset().open(tmp_path)


@pytest.fixture
def bdd(tmp_path):
    for partition in ("train", "val"):
        for name in ("a", "b", "c"):
            save(tmp_path / "images" / "10k" / partition / f"{name}.jpg", np.full((32, 64, 3), 200, np.uint8))
        for name in ("a", "b"):
            mask = np.zeros((32, 64), np.uint8)  # road
            mask[:, 32:], mask[:, 60:] = 13, 255  # cars, nothing
            save(tmp_path / "labels" / "sem_seg" / "masks" / partition / f"{name}.png", mask)
    return tmp_path


def test_bdd_is_in_the_colours_of_cityscapes(bdd, caplog):
    source = BDD100KDataset(root=str(bdd)).open(bdd, labels=True)
    with caplog.at_level(logging.WARNING):
        records = source.records()
    assert [record.id for record in records] == ["train/a", "train/b", "val/a", "val/b"]
    assert "2 photos have no mask" in caplog.text
    x, y, _ = source.load("train/a", 32, 32)
    colours = dict(CLASSES)
    assert [tuple(x[5, column]) for column in (0, 20, 31)] == [
        colours["road"],
        colours["car"],
        colours["unlabeled"],
    ]
    assert y.mean() == pytest.approx(200, abs=2)


def test_a_shadow_model_of_bdd_takes_the_maps_of_cityscapes():
    assert [list(colour) for colour in BDD_PALETTE] == compose_run(["dataset=cityscapes"]).dataset.palette


def test_a_mask_number_that_bdd_has_not(bdd):
    save(bdd / "labels" / "sem_seg" / "masks" / "val" / "b.png", np.full((32, 64), 19, np.uint8))
    with pytest.raises(DataError, match=r"b\.png: expected class numbers from 0 to 18 and 255, found 19"):
        BDD100KDataset(root=str(bdd)).open(bdd).load("val/b", 32, 32)
