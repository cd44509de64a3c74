"""File names that are not UTF-8: refused where files are listed, before any work, in words that can be printed."""

import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data.files import images_by_stem
from mia_exp.data.readers.cityscapes import CityscapesDataset
from tests.cli import mia_exp, tiny

LATIN_1 = b"caf\xe9"


def renamed(path: Path, name: bytes) -> Path:
    """Moves a file to a name in Latin-1, where the file system takes one."""
    target = os.fsencode(path.parent) + b"/" + name
    try:
        os.rename(path, target)  # noqa: PTH104 - a name in bytes
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")
    return Path(os.fsdecode(target))


@pytest.mark.parametrize("recursive", [False, True])
def test_an_image_whose_name_is_not_utf_8(tmp_path, recursive):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert list(images_by_stem(tmp_path, recursive)) == ["a"]
    renamed(tmp_path / "a.png", LATIN_1 + b".png")
    with pytest.raises(DataError) as caught:
        images_by_stem(tmp_path, recursive)
    assert rf"{tmp_path}/caf\udce9.png: expected a file whose name is UTF-8" in str(caught.value)
    assert str(caught.value).isprintable() and str(caught.value).encode()


def test_a_folder_whose_name_is_not_utf_8(tmp_path):
    (tmp_path / "city").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "city" / "a.png")
    folder = renamed(tmp_path / "city", LATIN_1)
    with pytest.raises(DataError, match=r"/caf\\udce9/a\.png: expected a file whose name is UTF-8"):
        images_by_stem(tmp_path, recursive=True)
    # Above the dataset it matters to nobody: ids begin below.
    assert list(images_by_stem(folder)) == ["a"]


def test_cityscapes_lists_files_of_its_own(tmp_path):
    for kind, ending in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")):
        path = tmp_path / kind / "train" / "aachen" / f"a_{ending}.png"
        path.parent.mkdir(parents=True)
        Image.new("L", (8, 8)).save(path)
        renamed(path, LATIN_1 + f"_{ending}.png".encode())
    with pytest.raises(DataError, match=r"caf\\udce9_leftImg8bit\.png: expected a file whose name is UTF-8"):
        CityscapesDataset(root=str(tmp_path)).open(tmp_path).records()


def test_a_run_ends_before_any_work(folder_dataset: Path, tmp_path: Path) -> None:
    root = shutil.copytree(folder_dataset, tmp_path / "dataset")
    for side in ("inputs", "targets"):
        renamed(root / side / "05.png", LATIN_1 + b".png")
    for words in ([], ["dry_run=true"]):
        outcome = mia_exp(*tiny(root, *words), cwd=tmp_path)
        assert outcome.status == 1 and "Traceback" not in outcome.err
        assert re.search(
            r"^error: .*/inputs/caf\\udce9\.png: expected a file whose name is UTF-8", outcome.err, re.M
        )
    assert not list(tmp_path.glob("outputs/artifacts/*/*"))
