"""Every setting is in a key or is declared harmless: each is changed, and the keys of a run's stages compared."""

import dataclasses
import inspect
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mia_exp.config import Config
from mia_exp.config.components import settings_groups
from mia_exp.config.compose import compose_run
from mia_exp.core.errors import MiaError
from mia_exp.core.keys import deciding, harmless, why_harmless
from mia_exp.data.readers.celeba import Landmarks
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.pipeline import Pipeline
from tests.cli import TINY
from tests.conftest import draw_pair
from tests.discovery import every_class as discovered

# What a setting of no simple type may be changed to; the first that a run can be planned with is taken.
OTHERS: dict[str, list[Any]] = {
    "precision": ["bf16-mixed"],
    "palette": [[[0, 0, 0], [255, 255, 255]], [[0, 0, 0], [128, 0, 0]], None],
    "checkpoint_epochs": [[2]],
    "kinds": [["flip"]],
    "member_partitions": [["test", "other"], ["val", "other"]],
    "nonmember_partitions": [["train", "other"]],
    "perceptual": ["none"],
    "fpr": [[0.5]],
    "partition_sizes": [{"train": 1}],
    "index_classes": [3],
    "landmarks": [Landmarks.points_5],
    "epoch": [1],
    "n_members": [4],
    "acceptance": [1.0],
    "patch_size": [16],
}


def picture(path: Path, *colours: tuple[int, int, int], size: tuple[int, int] = (128, 64)) -> None:
    """Stripes of plain colours, with the file's name in a corner: no two are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for place, colour in enumerate(colours):
        pixels[:, place * size[0] // len(colours) :] = colour
    pixels[: sum(path.as_posix().encode()) % 60, 0] = 9
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset of each layout."""
    root = tmp_path_factory.mktemp("trees")
    for number in range(8):
        for part in ("train", "test", "other"):
            picture(root / "halves" / part / f"{number}.png", (200, 0, 0), (0, number, 0))
        for part in ("train", "val", "other"):
            picture(root / "imagenet" / part / "class" / f"{number}.png", (0, number, 90))
            stem = f"aachen/aachen_{number:06d}_000019"
            picture(root / "cityscapes" / "leftImg8bit" / part / f"{stem}_leftImg8bit.png", (0, number, 9))
            for kind in ("labelIds", "instanceIds"):
                path = root / "cityscapes" / "gtFine" / part / f"{stem}_gtFine_{kind}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (128, 64), 7).save(path)
            picture(root / "bdd" / "images" / "10k" / part / f"{number}.jpg", (0, number, 9))
            path = root / "bdd" / "labels" / "sem_seg" / "masks" / part / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (128, 64), 7).save(path)
        picture(root / "celeba" / "img_align_celeba" / f"{number + 1:06d}.jpg", (number, 0, 0), size=(89, 109))
    names = [f"{number + 1:06d}.jpg" for number in range(8)]
    columns = [f"{axis}{point}" for point in range(68) for axis in "xy"]
    rows = [",".join([name, *(str(10 + point % 60) for point in range(136))]) for name in names]
    (root / "celeba" / "landmarks_68.csv").write_text("\n".join([",".join(["image", *columns]), *rows]))
    five = (
        "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
    )
    lines = [f"{name} 69 109 106 113 77 142 73 152 108 154" for name in names]
    (root / "celeba" / "list_landmarks_align_celeba.txt").write_text("\n".join(["8", five, *lines]))
    parts = [f"{name} {number % 3}" for number, name in enumerate(names)]
    (root / "celeba" / "list_eval_partition.txt").write_text("\n".join(parts))
    for folder, first in (("pairs", 0), ("others", 100)):
        for number in range(24):
            x, y = draw_pair(first + number)
            for side, image in (("inputs", x), ("targets", y)):
                path = root / folder / side / f"{number:02d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                image.save(path)
    return root


SHADOWED = ["split.n_members=4", "split.n_shadow=6", "shadow.n_pairs=5"]
HALVES = [
    "dataset=facades",
    "dataset.root={trees}/halves",
    "split.n_shadow=1",
    "split.n_members=2",
]
# Command lines that together reach every setting, and the parts of the configuration that each is asked about.
BASES: dict[str, tuple[list[str], list[str]]] = {
    "pix2pix": (
        [
            "dataset=folder",
            "dataset.root={trees}/pairs",
            "victim.checkpoint_epochs=[1]",
            "dataset.palette=[[0,0,0],[255,255,255]]",
        ],
        [
            "",
            "dataset",
            "split",
            "victim",
            "query",
            "features",
            "difficulty",
            "attack",
            "evaluation",
            "trainer",
            "logger",
        ],
    ),
    "numbered labels": (["dataset=folder", "dataset.root={trees}/pairs", "dataset.index_classes=2"], ["dataset"]),
    "pix2pixhd": (
        [
            "dataset=folder",
            "dataset.root={trees}/pairs",
            "victim=pix2pixhd",
            "victim.blocks=2",
            "victim.downsamplings=2",
        ],
        ["victim"],
    ),
    "gauss": (["dataset=folder", "dataset.root={trees}/pairs", "defense=gauss", "defense.sigma=0.1"], ["defense"]),
    "reconstruction": (["dataset=folder", "dataset.root={trees}/pairs", "attack=reconstruction"], ["attack"]),
    "augmented": (["dataset=folder", "dataset.root={trees}/pairs", "attack=augmented"], ["attack"]),
    "multi_image": (
        ["dataset=folder", "dataset.root={trees}/pairs", "attack=multi_image", *SHADOWED],
        ["attack", "shadow", "split"],
    ),
    "shadow": (["dataset=folder", "dataset.root={trees}/pairs", "attack=shadow", *SHADOWED], ["attack", "shadow"]),
    "supervised": (
        ["dataset=folder", "dataset.root={trees}/pairs", "attack=supervised", "{scores}", "{photos}"],
        ["attack", "visual_search"],
    ),
    "side_by_side": (HALVES, ["dataset", "split"]),
    # The statistics that it balances are a stage, which is run when the split is drawn.
    "matched": (
        ["dataset=folder", "dataset.root={trees}/pairs", "split=matched", "output_dir={trees}/outputs"],
        ["split"],
    ),
    "openmoji": (["dataset=openmoji"], ["dataset"]),
    "celeba": (["dataset=celeba", "dataset.root={trees}/celeba"], ["dataset"]),
    "cityscapes_original": (["dataset=cityscapes_original", "dataset.root={trees}/cityscapes"], ["dataset"]),
    "bdd100k": (["dataset=bdd100k", "dataset.root={trees}/bdd"], ["dataset"]),
    "imagenet": (
        [
            "dataset=imagenet",
            "dataset.root={trees}/imagenet",
            "attack=difficulty",
            "victim=none",
            "victim.image_size=32",
        ],
        ["dataset", "attack", "victim"],
    ),
}


def composed(base: str, trees: Path, searched_photos: list[str]) -> Config:
    places = {"trees": trees, "scores": searched_photos[0], "photos": searched_photos[1]}
    victimless = "victim=none" in BASES[base][0]
    tiny = [word for word in TINY if not (victimless and word.startswith("victim"))]
    words = [*tiny, *(word.format(**places) for word in BASES[base][0])]
    return compose_run(words)


def keys(config: Config) -> dict[str, str]:
    return {name: stage.key for name, stage in Pipeline(config).stages.items()}


def alternatives(name: str, value: Any) -> list[Any]:
    """Other values of a setting, the likeliest to be accepted first."""
    if name in OTHERS:
        return [other for other in OTHERS[name] if other != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Enum):
        return [other for other in type(value) if other is not value]
    if isinstance(value, int):
        return [value + 1, value - 1, 2 * value, value + 8]
    if isinstance(value, float):
        return [other for other in (0.9 * value, value + 0.1) if other != value]
    return [value + "x"] if isinstance(value, str) and name in ("name", "scale", "project") else []


def fields_of(config: Config, part: str) -> Iterator[tuple[tuple[str, ...], Any, "dataclasses.Field[Any]"]]:
    """Paths of the settings of a part, the objects that they stand in, and their fields."""
    place = getattr(config, part) if part else config
    for field in dataclasses.fields(place):
        path = (part, field.name) if part else (field.name,)
        value = getattr(place, field.name)
        if not dataclasses.is_dataclass(value):
            yield path, place, field
        elif part:
            for inner in dataclasses.fields(value):
                yield (*path, inner.name), value, inner


def changed(config: Any, path: tuple[str, ...], value: Any) -> Any:
    name, *rest = path
    inner = changed(getattr(config, name), tuple(rest), value) if rest else value
    return dataclasses.replace(config, **{name: inner})


def every_class() -> Iterator[type]:
    """The classes of all settings: those of the groups, those that stand inside them, and the run's own."""
    waiting: list[Any] = [Config, *settings_groups().values(), *(choice.cls for choice in discovered())]
    seen: set[Any] = set()
    while waiting:
        cls = waiting.pop()
        if cls in seen:
            continue
        seen.add(cls)
        yield cls
        hints = typing.get_type_hints(cls)
        waiting += [hint for hint in hints.values() if inspect.isclass(hint) and dataclasses.is_dataclass(hint)]


def definer(cls: type, field: str) -> str:
    """The name of the class that declares a field of a dataclass, or declares it anew."""
    return next(base.__name__ for base in cls.__mro__ if field in inspect.get_annotations(base))


def every_field() -> dict[tuple[str, str], str | None]:
    """All fields of all settings by the names of their classes, and why they are harmless, if they are."""
    found = {}
    for cls in every_class():
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            if not (inspect.isclass(hints[field.name]) and dataclasses.is_dataclass(hints[field.name])):
                found[definer(cls, field.name), field.name] = why_harmless(field)
    return found


def test_each_setting_changes_a_key_or_is_harmless(trees: Path, searched_photos: list[str], tmp_path: Path) -> None:
    decided: set[tuple[str, str]] = set()
    wrongly_harmless = []
    for base, (_, parts) in BASES.items():
        config = composed(base, trees, searched_photos)
        before = keys(config)
        for part in parts:
            for path, place, field in fields_of(config, part):
                name = (definer(type(place), field.name), field.name)
                reason = why_harmless(field)
                for other in alternatives(field.name, getattr(place, field.name)):
                    try:
                        after = keys(changed(config, path, other))
                    except (MiaError, LookupError):
                        continue  # not a value that this run can have
                    if after != before:
                        decided.add(name)
                        if reason is not None:
                            wrongly_harmless.append(".".join(path))
                    break
    # A shadow model may be trained on pairs of another dataset.
    config = composed("multi_image", trees, searched_photos)
    elsewhere = changed(config, ("shadow", "dataset"), FolderDataset(root=str(trees / "others")))
    assert keys(elsewhere) != keys(config)
    decided.add(("ShadowSettings", "dataset"))

    assert not wrongly_harmless
    fields = every_field()
    excused = {name: reason for name, reason in fields.items() if reason is not None}
    assert all(len(reason.split()) > 2 for reason in excused.values())
    assert set(fields) - decided - set(excused) == set()


def test_a_palette_and_numbered_classes_are_different_datasets(trees: Path, searched_photos: list[str]) -> None:
    config = composed("numbered labels", trees, searched_photos)
    # The first palette has the colours that the numbers 0 and 1 are painted in.
    readings: list[dict[str, Any]] = [
        {"index_classes": 2, "palette": None},
        {"index_classes": 3, "palette": None},
        {"index_classes": None, "palette": None},
        {"index_classes": None, "palette": [[0, 0, 0], [128, 0, 0]]},
        {"index_classes": None, "palette": [[0, 0, 0], [0, 128, 0]]},
        {"index_classes": None, "palette": [[0, 0, 0], [128, 0, 0]], "palette_tolerance": 0.5},
    ]
    found = {
        keys(dataclasses.replace(config, dataset=dataclasses.replace(config.dataset, **reading)))["pairs"]
        for reading in readings
    }
    assert len(found) == len(readings)


def test_what_is_harmless_is_left_out() -> None:
    @dataclasses.dataclass
    class Settings:
        width: int = 1
        speed: int = harmless(2, because="changes how long it takes")

    assert deciding(Settings()) == {"width": 1}
    assert [why_harmless(field) for field in dataclasses.fields(Settings)] == [None, "changes how long it takes"]
