"""`dataset.max_pairs` and `dataset.skip_small`: which pairs are used, and that no file of the others is opened."""

import hashlib
import logging
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mia_exp.config.compose import compose_run
from mia_exp.core.errors import ConfigError, DataError
from mia_exp.core.keys import deciding
from mia_exp.data import Pool, Record
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.splits.random_split import RandomSplit
from mia_exp.pipeline import Pipeline
from tests.conftest import draw_pair
from tests.discovery import choices

PARTED = [Record(f"{part}/{n}", part, 1) for part, count in (("train", 2000), ("val", 200)) for n in range(count)]
COUNT = 24


def ids(records: list[Record]) -> list[str]:
    return [record.id for record in records]


def test_it_is_the_start_of_each_partition_in_the_order_of_the_ids_hashes() -> None:
    seed = int.from_bytes(hashlib.sha256(b"0:max_pairs").digest()[:8], "big") // 2
    expected: set[str] = set()
    for partition in ("train", "val"):
        names = [record.id for record in PARTED if record.partition == partition]
        expected |= set(sorted(names, key=lambda id: hashlib.sha256(f"{seed}:{id}".encode()).hexdigest())[:50])
    selected = FolderDataset(max_pairs=50).select(PARTED)
    assert set(ids(selected)) == expected
    assert selected == [record for record in PARTED if record.id in expected], "in the order of the dataset"


def test_no_order_and_no_other_pair_matters() -> None:
    selected = ids(FolderDataset(max_pairs=50).select(PARTED))
    shuffled = list(PARTED)
    random.Random(0).shuffle(shuffled)
    assert sorted(ids(FolderDataset(max_pairs=50).select(shuffled))) == sorted(selected)
    fewer = [record for record in PARTED if record.id in selected or int(record.id.split("/")[1]) % 2]
    assert ids(FolderDataset(max_pairs=50).select(fewer)) == selected
    assert set(ids(FolderDataset(max_pairs=49).select(PARTED))) < set(selected)
    assert FolderDataset(max_pairs=5000).select(PARTED) == FolderDataset().select(PARTED) == PARTED


@pytest.mark.parametrize("seed", range(3))
def test_a_random_split_of_it_mixes_the_partitions(seed: int) -> None:
    pool = FolderDataset(max_pairs=100).select(PARTED)
    split = RandomSplit(seed, n_members=80, n_shadow=10).draw(Pool(pool))
    # Of 100 and 100, 80 drawn at random have 40 of each, with a standard deviation of 3.5.
    for part in (split.members, split.nonmembers):
        assert abs(Counter(id.partition("/")[0] for id in part)["train"] - 40) < 4 * 3.5


@pytest.mark.parametrize("choice", choices("dataset"), ids=lambda choice: choice.name)
def test_fewer_than_two_are_refused(choice) -> None:
    for value in (1, 0, -3):
        with pytest.raises(ConfigError, match=rf"^dataset\.max_pairs={value}: expected 2 or more, or null"):
            compose_run([*choice.words, f"dataset.max_pairs={value}"])


def draw(path: Path, number: int, size: tuple[int, int] = (96, 80)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_pair(number)[1].resize(size).save(path)


def folder(root: Path) -> list[str]:
    for number in range(COUNT):
        for side in ("inputs", "targets"):
            draw(root / side / f"{number}.png", number)
    return ["dataset=folder"]


def facades(root: Path) -> list[str]:
    for number in range(COUNT):
        draw(root / ("train", "test")[number % 2] / f"{number}.png", number, (192, 80))
    return ["dataset=facades", "victim.augment=false"]


def imagenet(root: Path) -> list[str]:
    for number in range(COUNT):
        draw(root / ("train", "val")[number % 2] / f"n{number % 3}" / f"a{number}.JPEG", number)
    return ["dataset=imagenet", "victim=none", "attack=difficulty"]


def celeba(root: Path) -> list[str]:
    names = [f"{number + 1:06d}.jpg" for number in range(COUNT)]
    for number, name in enumerate(names):
        draw(root / "img_align_celeba" / name, number, (178, 218))
    points = [" ".join([name, *(str(20 + number) for number in range(10))]) for name in names]
    (root / "list_landmarks_align_celeba.txt").write_text("\n".join(points))
    lines = [f"{name} {number % 3}" for number, name in enumerate(names)]
    (root / "list_eval_partition.txt").write_text("\n".join(lines))
    return ["dataset=celeba", "dataset.landmarks=points_5"]


LAYOUTS = {
    layout.__name__: (layout, parts) for layout, parts in ((folder, 1), (facades, 2), (imagenet, 2), (celeba, 3))
}


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Pipeline]:
    """A run over `tmp_path/data`, planned only."""

    def plan(*words: str) -> Pipeline:
        common = [f"dataset.root={tmp_path / 'data'}", f"output_dir={tmp_path / 'out'}", "victim.image_size=64"]
        return Pipeline(compose_run([*common, "split.n_members=2", "trainer.accelerator=cpu", *words]))

    return plan


def keys(pipeline: Pipeline) -> dict[str, str]:
    return {name: stage.key for name, stage in pipeline.stages.items()}


def stem(path: Path) -> str:
    return path.name.partition(".")[0]


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_files_of_the_others_are_not_opened(name: str, tmp_path: Path, opened: Callable[..., Pipeline]) -> None:
    layout, parts = LAYOUTS[name]
    words = [*layout(tmp_path / "data"), "dataset.max_pairs=4"]
    before = opened(*words)
    used = ids(before.dataset.records)
    assert len(used) == 4 * parts
    unused = [
        path
        for path in (tmp_path / "data").rglob("*")
        if path.suffix in (".png", ".jpg", ".JPEG") and stem(path) not in {id.rpartition("/")[2] for id in used}
    ]
    assert unused
    for spoil in (lambda path: path.write_bytes(b"no image"), Path.unlink):
        for path in unused:
            spoil(path)
        again = opened(*words)
        assert again.dataset.hint is None
        assert keys(again) == keys(before)
        assert again.dataset.at(64).ids == used


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_the_pairs_enter_the_keys_and_the_number_does_not(
    name: str, tmp_path: Path, opened: Callable[..., Pipeline]
) -> None:
    words = LAYOUTS[name][0](tmp_path / "data")
    everything = opened(*words)
    assert {"max_pairs", "skip_small"}.isdisjoint(deciding(everything.config.dataset))
    assert len(everything.dataset.records) == COUNT
    assert keys(opened(*words, "dataset.max_pairs=24", "dataset.skip_small=true")) == keys(everything)
    fewer = opened(*words, "dataset.max_pairs=4")
    assert all(fewer.stages[name].key != stage.key for name, stage in everything.stages.items() if name != "split")


def test_each_dataset_of_a_run_has_its_own_number(tmp_path: Path, opened: Callable[..., Pipeline]) -> None:
    folder(tmp_path / "data")
    folder(tmp_path / "others")
    rng = np.random.default_rng(0)
    for path in (tmp_path / "others").rglob("*.png"):
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    elsewhere = ["dataset@shadow.dataset=folder", f"shadow.dataset.root={tmp_path / 'others'}"]
    words = ["dataset=folder", "attack=multi_image", "shadow.n_pairs=2", *elsewhere]
    pipeline = opened(*words, "dataset.max_pairs=8", "shadow.dataset.max_pairs=6")
    assert len(pipeline.dataset.records) == 8
    assert len(pipeline.evidence.own_dataset.records) == 6
    with pytest.raises(ConfigError, match=r"dataset\.max_pairs=1: expected 2 or more"):
        opened(*words, "shadow.dataset.max_pairs=1")


def test_small_images_are_left_out_and_counted(
    tmp_path: Path, opened: Callable[..., Pipeline], caplog: pytest.LogCaptureFixture
) -> None:
    words = imagenet(tmp_path / "data")
    small = ["train/n0/a0", "val/n1/a7", "val/n2/a23"]
    for id in small:
        draw(tmp_path / "data" / f"{id}.JPEG", 0, (300, 63))
    with pytest.raises(DataError, match=r"a0\.JPEG: .*64x64.* 2 more are too small"):
        opened(*words).dataset.check_sides()
    with caplog.at_level(logging.WARNING):
        pipeline = opened(*words, "dataset.skip_small=true")
    assert "3 of 24 pairs have an image smaller than 64x64 pixels and are left out" in caplog.text
    assert len(pipeline.dataset.records) == 21 and set(small).isdisjoint(ids(pipeline.dataset.records))
    # The pairs are counted before: of the same ones, fewer are left.
    fewer = opened(*words, "dataset.skip_small=true", "dataset.max_pairs=12")
    assert fewer.dataset.records == pipeline.dataset.records
    assert keys(fewer) == keys(pipeline)
    assert pipeline.dataset.at(64).ids == ids(pipeline.dataset.records)
