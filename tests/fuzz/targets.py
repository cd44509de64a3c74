"""What is fuzzed: each reader, the valid files that are damaged for it, and in which ways."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from mia_exp.attacks.numerics import loss_map_classifier
from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor
from mia_exp.attacks.search_times import list_scored_photos
from mia_exp.core.artifacts import MANIFEST, _read_manifest
from mia_exp.core.errors import WeightsError
from mia_exp.data import Split
from mia_exp.data.image import decode
from mia_exp.data.labels import instance_boundaries, read_indices, read_numbers
from mia_exp.data.landmarks import draw_contours, read_landmarks
from mia_exp.data.readers.celeba import CelebADataset, Landmarks
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.readers.side_by_side import SideBySideDataset
from mia_exp.data.sides import check_sides
from mia_exp.features.weights import read_state_dict
from mia_exp.training.resume_point import ResumePoint
from mia_exp.victims.generator_file import load_generator
from mia_exp.victims.train import RESUME_FILE
from tests.fuzz import valid
from tests.fuzz.mutations import (
    BYTES,
    Mutation,
    mutate_header,
    mutate_json,
    mutate_png,
    mutate_tensor,
    mutate_text,
    mutated,
)

TENSORS: tuple[Mutation, ...] = (*BYTES, mutate_header, mutate_header, mutate_header, mutate_tensor)
IMAGES: tuple[Mutation, ...] = (*BYTES, mutate_png, mutate_png)
TEXT: tuple[Mutation, ...] = (*BYTES, mutate_text, mutate_text, mutate_text)
JSON: tuple[Mutation, ...] = (*BYTES, mutate_json, mutate_json, mutate_json)


@dataclass(frozen=True)
class Target:
    """A reader and what is done to its files.

    Attributes:
        seeds: Files, the first of them valid.
        mutations: Ways to damage them.
        read: Reads a file's content; may raise this package's errors and nothing else.
        valid: How many of the first are valid.
    """

    seeds: list[bytes]
    mutations: tuple[Mutation, ...]
    read: Callable[[bytes], object]
    valid: int = 1

    def content(self, name: str, seed: int) -> bytes:
        """The damaged file that a number stands for, the same on every machine."""
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        return mutated(self.seeds[int(rng.integers(len(self.seeds)))], rng, self.mutations)


def in_file(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """A reader of a path as one of content."""

    def of(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return of


def images(folder: Path) -> Target:
    """`decode`, under an ending that need not be the format's."""
    seeds = [*(valid.image_bytes(ending) for ending in valid.IMAGES), *valid.odd_images()]
    return Target(seeds, IMAGES, in_file(folder / "a.png", decode), len(seeds))


def pairs(folder: Path) -> Target:
    """A folder of pairs, of which one target is damaged: sizes, then pixels."""
    for side in ("inputs", "targets"):
        (folder / side).mkdir()
        for name in ("a", "b"):
            (folder / side / f"{name}.png").write_bytes(valid.image_bytes("png"))

    def read(path: Path) -> None:
        source = FolderDataset(root=str(folder)).open(folder)
        check_sides(source, source.records(), 8, lambda size: size % 8 == 0)
        for record in source.records():
            source.load(record.id, 16, 8)
        source.fingerprint([record.id for record in source.records()])

    return Target(images(folder).seeds, IMAGES, in_file(folder / "targets" / "b.png", read))


def side_by_side(folder: Path) -> Target:
    """A file that holds two images, one of them a label map."""
    for partition in ("train", "test"):
        (folder / partition).mkdir()
        (folder / partition / "1.png").write_bytes(valid.image_bytes("png"))
    palette = [[0, 0, 0], [255, 255, 255]]
    config = SideBySideDataset(
        name="s", folder="s", homepage="-", root=str(folder), palette=palette, palette_tolerance=0.99
    )

    def read(path: Path) -> None:
        for labels in (False, True):
            source = config.open(folder, labels=labels)
            check_sides(source, source.records(), 8, lambda size: size % 8 == 0)
            source.load("train/2", 16, 8)

    return Target(images(folder).seeds, IMAGES, in_file(folder / "train" / "2.png", read))


def label_maps(folder: Path) -> Target:
    """Images of class numbers."""
    seeds = [valid.numbers_image(), valid.numbers_image("png", 16), valid.numbers_image("tif"), *valid.odd_images()]
    return Target(seeds, IMAGES, in_file(folder / "a.png", lambda path: read_indices(path, 4)), 3)


def instance_maps(folder: Path) -> Target:
    """Images of instance numbers."""
    seeds = [valid.numbers_image("png", 16), valid.numbers_image("tif", 16), *valid.odd_images()]
    return Target(seeds, IMAGES, in_file(folder / "a.png", lambda path: instance_boundaries(read_numbers(path))))


def landmarks(folder: Path) -> Target:
    """Landmarks, and the drawings of what was read."""

    def read(path: Path) -> None:
        # Rows of 68 points are that long; which is asked for is not part of the file.
        count = 68 if path.stat().st_size > 1000 else 5
        for points in read_landmarks(path, count).values():
            draw_contours(points / (16, 16), 16)

    return Target([valid.landmarks(68), valid.landmarks(5)], TEXT, in_file(folder / "l.csv", read), 2)


def partitions(folder: Path) -> Target:
    """CelebA's file of partitions."""
    (folder / "img_align_celeba").mkdir()
    for number in range(3):
        (folder / "img_align_celeba" / f"{number:06d}.jpg").write_bytes(valid.image_bytes("jpg"))
    (folder / "l.csv").write_bytes(valid.landmarks(5))
    config = CelebADataset(root=str(folder), landmarks=Landmarks.points_5, landmarks_file="l.csv")
    seeds = [
        b"000000.jpg 0\n000001.jpg 1\n000002.jpg 2\n",
        b",image_id,partition\n0,000000.jpg,0\n1,000001.jpg,1\n2,000002.jpg,2\n",
    ]

    def read(path: Path) -> object:
        return config.open(folder).records()

    return Target(seeds, TEXT, in_file(folder / "list_eval_partition.txt", read), len(seeds))


def search_scores(folder: Path) -> Target:
    """The CSV of search scores, with and without a header."""
    (folder / "photos").mkdir()
    names = [f"2008_{number:06d}" for number in range(12)]
    for name in names:
        (folder / "photos" / f"{name}.jpg").touch()
    rows = "\n".join(f"{name},{3 + number / 10}" for number, name in enumerate(names))
    numbered = "\n".join(f"{number},{row}" for number, row in enumerate(rows.split("\n")))
    seeds = [
        text.encode() for text in (rows, f"name,score\n{rows}", f",name,score\n{numbered}", f",0,1\n{numbered}")
    ]

    def read(path: Path) -> object:
        return list_scored_photos(path, folder / "photos", allow_missing=True)

    return Target(seeds, TEXT, in_file(folder / "scores.csv", read), len(seeds))


def generator_file(folder: Path) -> Target:
    """A generator, which answers once where it was read."""

    def read(path: Path) -> None:
        try:
            generator, _ = load_generator(path, valid.build_unet)
        except WeightsError:
            generator, _ = load_generator(path, valid.build_residual)
        channels = 3 if "image_size" in generator.architecture else 3 + bool(generator.architecture["instances"])
        with torch.inference_mode():
            generator.eval()(torch.zeros(1, channels, 64, 64))

    return Target([valid.unet(), valid.residual()], TENSORS, in_file(folder / "g.safetensors", read), 2)


def classifier_file(folder: Path) -> Target:
    """A loss-map classifier, with a small network in place of its ResNet-50."""

    def read(path: Path) -> None:
        with patch.object(loss_map_classifier, "resnet50", valid.small_network):
            network = loss_map_classifier._load(path, 16)
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, 16, 16))

    return Target([valid.classifier()], TENSORS, in_file(folder / "c.safetensors", read))


def regressor_file(folder: Path) -> Target:
    """A regressor, which predicts once where it was read."""

    def read(path: Path) -> None:
        with np.errstate(all="ignore"):
            SearchTimeRegressor.load(path, "backbone", "weights").predict(np.zeros((2, 3)))

    return Target([valid.regressor()], TENSORS, in_file(folder / "r.safetensors", read))


def backbone_weights(folder: Path) -> Target:
    """A state dict as torch saves it."""
    return Target([valid.state_dict("pth")], BYTES, in_file(folder / "w.pth", read_state_dict))


def backbone_safetensors(folder: Path) -> Target:
    """A state dict as safetensors."""
    seeds = [valid.state_dict("safetensors")]
    return Target(seeds, TENSORS, in_file(folder / "w.safetensors", read_state_dict))


def resume_point(folder: Path) -> Target:
    """What an interrupted training left."""
    content, _ = valid.resume_point(folder)
    training_set = valid.training_set()
    return Target(
        [content], BYTES, in_file(folder / RESUME_FILE, lambda path: ResumePoint(path, 0, training_set).check())
    )


def manifest(folder: Path) -> Target:
    """The record of an artifact, and the names of the files that it lists."""

    def read(path: Path) -> None:
        for name in _read_manifest(folder)["files"]:
            (folder / name).is_file()

    return Target([valid.manifest()], JSON, in_file(folder / MANIFEST, read))


def split(folder: Path) -> Target:
    """A stored split."""
    return Target([valid.split()], JSON, Split.from_json)


TARGETS: dict[str, Callable[[Path], Target]] = {
    make.__name__: make
    for make in (
        *(images, pairs, side_by_side, label_maps, instance_maps, landmarks, partitions, search_scores),
        *(generator_file, classifier_file, regressor_file, backbone_weights, backbone_safetensors),
        *(resume_point, manifest, split),
    )
}
