import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mia_exp.config.compose import compose_run
from mia_exp.core.errors import DataError
from mia_exp.data import InputLayout
from mia_exp.data.labels import (
    colour_map,
    instance_boundaries,
    paint,
    read_colours,
    read_indices,
    resize_numbers,
)
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.readers.side_by_side import SideBySideDataset
from mia_exp.data.store import PairStore

RED, GREEN, BLUE = (250, 0, 0), (0, 250, 0), (0, 0, 250)
PALETTE = (RED, GREEN, BLUE)


def stripes(*colours, side=60):
    """Upright stripes of equal width."""
    image = np.zeros((side, side, 3), np.uint8)
    for number, colour in enumerate(colours):
        image[:, number * side // len(colours) : (number + 1) * side // len(colours)] = colour
    return image


def test_nearest_colour_is_that_of_a_slow_search():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    palette = [tuple(colour) for colour in rng.integers(0, 256, (20, 3)).tolist()]
    expected = [
        [
            min(range(20), key=lambda k: sum((int(a) - b) ** 2 for a, b in zip(pixel, palette[k], strict=True)))
            for pixel in row
        ]
        for row in image
    ]
    assert read_colours(image, palette, 1.0, Path("map.png")).tolist() == expected


def test_painting_and_reading_give_the_classes_back():
    classes = np.random.default_rng(0).integers(0, 256, (30, 30))
    palette = colour_map(256)
    assert np.array_equal(read_colours(paint(classes, palette), palette, 0.0, Path("map.png")), classes)


def test_colour_map_is_pascal_vocs():
    # The first colours of the VOC devkit's table.
    assert colour_map(5) == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128))
    assert colour_map(16)[8] == (64, 0, 0) and colour_map(16)[15] == (192, 128, 128)
    assert len(set(colour_map(256))) == 256


def test_boundaries_touch_on_both_sides():
    instances = np.array([[1, 1, 2], [1, 1, 2], [3, 3, 2]])
    assert (instance_boundaries(instances) // 255).tolist() == [[0, 1, 1], [1, 1, 1], [1, 1, 1]]
    assert not instance_boundaries(np.ones((4, 4))).any()


def test_resizing_takes_the_nearest_number():
    numbers = np.array([[1, 2], [3, 4]])
    assert resize_numbers(numbers, 4).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    # Pillow's, for odd sizes and other aspects.
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 256, (37, 53))
    expected = Image.fromarray(numbers.astype(np.uint8)).resize((16, 16), Image.Resampling.NEAREST)
    assert np.array_equal(resize_numbers(numbers, 16), np.asarray(expected))


def test_unknown_colours_are_named_with_their_pixels(tmp_path):
    image = stripes(RED, (250, 250, 0), GREEN, (0, 250, 250))
    with pytest.raises(DataError) as raised:
        read_colours(image, PALETTE, 0.01, tmp_path / "map.png")
    message = str(raised.value)
    assert str(tmp_path / "map.png") in message and "dataset.palette" in message
    # Stripes of 15 x 60; a pixel beside another colour, or on the border, is not checked.
    counts = dict(re.findall(r"(\(\d+, \d+, \d+\)) in (\d+) pixels", message))
    assert counts == {"(250, 250, 0)": str(13 * 58), "(0, 250, 250)": str(13 * 58)}


def test_smeared_edges_are_no_colours_of_their_own(tmp_path):
    path = tmp_path / "map.jpg"
    Image.fromarray(stripes(RED, GREEN, BLUE, RED)).save(path, quality=75)
    with Image.open(path) as image:
        read_colours(np.asarray(image), PALETTE, 0.0, path)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        pytest.param("facades", 12, marks=pytest.mark.real_data("facades")),
        pytest.param("cityscapes", 29, marks=pytest.mark.real_data("cityscapes")),
    ],
)
def test_real_label_maps_pass_and_a_missing_class_is_caught(real_data, name, classes):
    config = compose_run([f"dataset={name}", f"dataset.root={real_data / name}"]).dataset
    assert isinstance(config, SideBySideDataset) and config.palette is not None
    source = config.open(real_data, labels=True)
    assert len(source.layout.palette) == classes
    ids = [record.id for record in source.records()][::25]
    for id in ids:
        x, _, _ = source.load(id, 64, 64)
        assert {tuple(colour) for colour in x.reshape(-1, 3).tolist()} <= set(source.layout.palette)
    # Without the colour of doors, or of roads, some map is refused.
    lost = [175, 0, 0] if name == "facades" else [128, 64, 128]
    config.palette.remove(lost)
    source = config.open(real_data, labels=True)
    with pytest.raises(DataError, match=r"expected a label map in the \d+ colours"):
        for id in ids:
            source.load(id, 64, 64)


@pytest.fixture
def maps(tmp_path):
    """Label maps of three classes in numbers and in colours, with instances."""
    for folder in ("numbers", "colours", "instances", "targets"):
        (tmp_path / folder).mkdir()
    classes = np.zeros((16, 16), np.uint8)
    classes[:, 8:] = 2
    for name in ("a", "b"):
        Image.fromarray(classes).save(tmp_path / "numbers" / f"{name}.png")
        Image.fromarray(paint(classes, PALETTE)).save(tmp_path / "colours" / f"{name}.png")
        Image.fromarray(classes.astype(np.uint16) * 1000).save(tmp_path / "instances" / f"{name}.png")
        Image.new("RGB", (16, 16)).save(tmp_path / "targets" / f"{name}.png")
    return tmp_path


def folder(root, **settings):
    return FolderDataset(root=str(root), **settings)


def test_numbers_and_colours_are_read_alike(maps):
    palette = [list(colour) for colour in colour_map(3)]
    numbers = folder(maps, inputs="numbers", index_classes=3).open(maps, labels=True)
    assert numbers.layout == InputLayout(colour_map(3))
    x, _, _ = numbers.load("a", 8, 8)
    assert x[0].tolist() == [palette[0]] * 4 + [palette[2]] * 4
    colours = folder(maps, inputs="colours", palette=[list(colour) for colour in PALETTE]).open(maps, labels=True)
    x, _, _ = colours.load("a", 8, 8)
    assert x[0].tolist() == [list(RED)] * 4 + [list(BLUE)] * 4
    # Without labels an image of colours is a picture, and one of numbers is painted.
    assert folder(maps, inputs="numbers", index_classes=3).open(maps).load("a", 8, 8)[0].shape == (8, 8, 3)


def test_instances_are_the_fourth_channel_of_the_store(maps):
    settings = {"inputs": "numbers", "index_classes": 3, "instances": "instances"}
    source = folder(maps, **settings).open(maps, labels=True)
    assert source.layout.channels == 4
    (maps / "store").mkdir()
    store = PairStore.build(source, source.records(), 8, 8, maps / "store")
    assert store.x.shape == (2, 8, 8, 4) and store.y.shape == (2, 8, 8, 3)
    assert (store.x[0, 0, :, 3] // 255).tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    assert folder(maps, **settings).open(maps).layout == InputLayout()
    before = source.fingerprint(["a", "b"])
    Image.fromarray(np.zeros((16, 16), np.uint16)).save(maps / "instances" / "b.png")
    assert folder(maps, **settings).open(maps, labels=True).fingerprint(["a", "b"]) != before


def test_a_number_that_is_no_class(maps):
    with pytest.raises(DataError, match=r"a\.png: .*from 0 to 1 .*found 2 in 128 pixels"):
        read_indices(maps / "numbers" / "a.png", 2)
    with pytest.raises(DataError, match=r"one number per pixel .* found mode RGB.*dataset\.palette"):
        read_indices(maps / "colours" / "a.png", 3)


def test_instances_that_are_not_there(maps):
    settings = {"inputs": "numbers", "index_classes": 3}
    with pytest.raises(DataError, match="nowhere: expected a folder of images"):
        folder(maps, **settings, instances="nowhere").open(maps, labels=True).records()
    (maps / "instances" / "b.png").unlink()
    with pytest.raises(DataError, match=r"instances: expected an image of instance numbers .* found none named b"):
        folder(maps, **settings, instances="instances").open(maps, labels=True).records()
