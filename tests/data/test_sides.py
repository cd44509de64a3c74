"""Images that are too small: all of them, from headers alone, and what would do instead."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.sides import check_sides
from tests.cli import mia_exp, tiny

SIZES = {"1": (80, 90), "2": (60, 100), "3": (100, 44), "4": (64, 64)}


@pytest.fixture
def root(tmp_path):
    for side in ("inputs", "targets"):
        (tmp_path / side).mkdir()
        for name, size in SIZES.items():
            Image.new("RGB", size if side == "targets" else (128, 128)).save(tmp_path / side / f"{name}.png")
    return tmp_path


def check(root, minimum, valid=lambda size: size % 32 == 0):
    source = FolderDataset(root=str(root)).open(root)
    check_sides(source, source.records(), minimum, valid)


def test_large_enough(root):
    check(root, 44)


def test_the_first_how_many_the_smallest_and_what_would_do(root):
    with pytest.raises(DataError) as caught:
        check(root, 64)
    message = str(caught.value)
    assert message.startswith(f"{root}/targets/2.png: expected an image of at least 64x64 pixels, found 60x100; ")
    assert "1 more is too small, and the shortest side of all is 44 pixels, in " in message
    assert f"{root}/targets/3.png. Set victim.image_size=32, which fits all" in message
    with pytest.raises(DataError, match=r"1\.png: .*128x128.* 80x90; 3 more are too small.* is 44 pixels"):
        check(root, 128)
    with pytest.raises(DataError, match=r"No valid victim\.image_size is as small: use larger images"):
        check(root, 64, valid=lambda size: size >= 64)


def test_one_alone_is_not_counted(root):
    with pytest.raises(DataError, match=r"3\.png: .* found 100x44\. Set victim\.image_size=32"):
        check(root, 50)


def test_nothing_is_decoded(root):
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    path = root / "targets" / "1.png"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-9000])
    check(root, 44)
    source = FolderDataset(root=str(root)).open(root)
    with pytest.raises(DataError, match="truncated"):
        source.load("1", 44, 44)


def test_a_header_that_cannot_be_read_is_refused_in_the_words_of_decoding(root):
    (root / "targets" / "4.png").write_bytes(b"no image")
    source = FolderDataset(root=str(root)).open(root)
    said = []
    for refused in (lambda: check(root, 44), lambda: source.load("4", 44, 44)):
        with pytest.raises(DataError) as caught:
            refused()
        said.append(str(caught.value))
    assert said[0] == said[1] and "4.png" in said[0]


def test_of_two_in_one_file_it_is_one(tmp_path, side_by_side):
    from tests.data.readers.test_side_by_side import config

    root = side_by_side(tmp_path, {"train": ["1"], "test": ["1"]}, side=48)
    source = config(root).open(root)
    check_sides(source, source.records(), 48, lambda size: True)
    with pytest.raises(DataError, match=r"train/1\.png: .* found 48x48; 1 more is too small"):
        check_sides(source, source.records(), 49, lambda size: True)
    Image.new("RGB", (97, 48)).save(root / "train" / "1.png")
    with pytest.raises(DataError, match=r"1\.png: expected two images of equal width .* found 97x48"):
        check_sides(source, source.records(), 48, lambda size: True)


def test_a_side_by_side_file_that_lies_on_its_side(tmp_path, side_by_side):
    from tests.data.readers.test_side_by_side import config

    root = side_by_side(tmp_path, {"train": ["1"], "test": ["1"]}, side=48)
    exif = Image.Exif()
    exif[0x0112] = 6
    for number, ending in enumerate(("png", "jpg")):
        Image.new("RGB", (48, 96)).save(root / "train" / f"turned{number}.{ending}", exif=exif)
    # The note may stand behind the pixels, where a look at the header does not find it.
    path = root / "train" / "turned0.png"
    content = path.read_bytes()
    start = content.index(b"eXIf") - 4
    stop = start + 12 + int.from_bytes(content[start : start + 4], "big")
    path.write_bytes(content[:start] + content[stop:-12] + content[start:stop] + content[-12:])
    source = config(root).open(root)
    for record in source.records():
        ((_, width, height),) = source.sides(record.id)
        assert (width, height) == (48, 48)
    check_sides(source, source.records(), 48, lambda size: True)


@pytest.mark.parametrize(
    ("victim", "size"),
    [
        (["victim.image_size=256"], "victim.image_size=64"),
        (["victim=pix2pixhd", "victim.perceptual=none", "victim.image_size=160"], "victim.image_size=96"),
        (["victim=none", "attack=difficulty", "victim.image_size=150"], "victim.image_size=100"),
    ],
)
def test_a_plan_finds_them_and_names_a_size_that_the_victim_may_have(
    folder_dataset: Path, tmp_path: Path, victim: list[str], size: str
) -> None:
    root = shutil.copytree(folder_dataset, tmp_path / "dataset")
    for side in ("inputs", "targets"):
        for path in (root / side).iterdir():
            Image.new("RGB", (120, 100)).save(path)
    words = ["dataset=folder", f"dataset.root={root}", *victim]
    outcome = mia_exp(*words, "dry_run=true", cwd=tmp_path)
    assert outcome.status == 1
    (error,) = re.findall(r"^error: .*", outcome.err, re.MULTILINE)
    assert f"Set {size}, which fits all" in error and "47 more are too small" in error
    # It would do.
    assert mia_exp(*words, size, "dry_run=true", cwd=tmp_path).status == 0


def test_the_run_itself_says_it_before_it_decodes(folder_dataset: Path, tmp_path: Path) -> None:
    root = shutil.copytree(folder_dataset, tmp_path / "dataset")
    for name in ("03", "09"):
        Image.new("RGB", (63, 64)).save(root / "inputs" / f"{name}.png")
    path = root / "targets" / "00.png"
    path.write_bytes(path.read_bytes()[:-100])
    outcome = mia_exp(*tiny(root), cwd=tmp_path)
    assert outcome.status == 1
    assert re.search(r"03\.png.*64x64.*63x64; 1 more is too small", outcome.err)
