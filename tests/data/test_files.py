import os

import pytest

from mia_exp.core.errors import DataError
from mia_exp.data.files import fingerprint, images_by_stem, natural_key


def test_natural_order():
    names = ["10", "9", "a10", "a9b2", "a9b10", "02", "2"]
    assert sorted(names, key=natural_key) == ["02", "2", "9", "10", "a9b2", "a9b10", "a10"]


def test_lists_images_alone_in_natural_order(tmp_path):
    for name in ("10.jpg", "9.PNG", "notes.txt", "._9.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert list(images_by_stem(tmp_path)) == ["9", "10"]


def test_subfolders_are_part_of_the_name(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.v2.png").touch()
    (tmp_path / "1.png").touch()
    assert list(images_by_stem(tmp_path, recursive=True)) == ["1", "b/1.v2"]
    assert list(images_by_stem(tmp_path)) == ["1"]


def test_missing_folder(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        images_by_stem(tmp_path / "nowhere")


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="found none"):
        images_by_stem(tmp_path)


def test_names_that_differ_in_their_ending_alone(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "a.jpg").touch()
    with pytest.raises(DataError, match=r"a\.jpg and a\.png"):
        images_by_stem(tmp_path)


def test_fingerprint_follows_names_and_content_but_not_the_place(tmp_path):
    def of(folder, contents):
        (tmp_path / folder).mkdir()
        for name, content in contents.items():
            (tmp_path / folder / name).write_bytes(content)
        return fingerprint((name, tmp_path / folder / name) for name in contents)

    reference = of("one", {"a": b"12", "b": b"3"})
    assert of("two", {"a": b"12", "b": b"3"}) == reference
    assert of("three", {"a": b"1", "b": b"23"}) != reference
    assert of("four", {"a": b"12", "c": b"3"}) != reference


def test_fingerprint_follows_a_file_that_changes_while_the_process_runs(tmp_path):
    path = tmp_path / "a"

    def of(content, changed):
        path.write_bytes(content)
        os.utime(path, (changed, changed))
        return fingerprint([("a", path)])

    # Of the same size; long ago, so that its hash is kept.
    assert of(b"12", 1000) == of(b"12", 2000) != of(b"34", 3000)
