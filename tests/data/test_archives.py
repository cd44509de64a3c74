"""Addresses, headers and archives that are malformed."""

import errno
import os
import re
import tarfile

import pytest

from mia_exp.core.errors import DataError
from mia_exp.data.download import fetch_archive
from mia_exp.data.readers.side_by_side import SideBySideDataset
from tests.data.test_download import GOOD, SIZES, archive, image, serve, server, visible  # noqa: F401 - fixtures


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "htp:/x",
        "",
        "x",
        "http:///a",
        "http://a b/",
        "http://\u2025/",
        "http://caf\udce9/",
        "http://h:99999/",
    ],
)
def test_an_address_that_is_none(tmp_path, url):
    with pytest.raises(DataError) as caught:
        fetch_archive(url, None, tmp_path / "streets", SIZES)
    assert str(caught.value).startswith("dataset.archive_url=")
    assert "the download failed" in str(caught.value) and "dataset.root" in str(caught.value)
    assert str(caught.value).isprintable()
    assert visible(tmp_path) == []


def test_an_empty_address_is_one_that_was_set(tmp_path):
    config = SideBySideDataset(name="s", folder="s", homepage="-", archive_url="")
    with pytest.raises(DataError, match=r"dataset\.archive_url="):
        config.open(tmp_path)


@pytest.mark.parametrize("length", ["abc", "-5", "", "5, 5", "9" * 5000, "1e3", "\u00b2"])
def test_a_length_that_is_none(tmp_path, serve, length):  # noqa: F811
    url = serve(archive(GOOD), length)
    with pytest.raises(
        DataError, match=r"a\.tar\.gz: the download failed \(the server announced a length of"
    ) as caught:
        fetch_archive(url, None, tmp_path / "streets", SIZES)
    assert len(str(caught.value)) < 800
    assert visible(tmp_path) == []


def folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def without(*names: str) -> dict[str, bytes]:
    return {name: content for name, content in GOOD.items() if not name.startswith(names)}


MALFORMED = {
    "nothing in it": {},
    "folders alone": {f"streets/{name}": folder(f"streets/{name}") for name in SIZES},
    "a file where a folder should be": {"streets": image(), **GOOD},
    "a folder where a file was": {**GOOD, "streets/train/1.png": folder("streets/train/1.png/deeper")},
    "a partition that is a file": {**without("streets/val"), "streets/val": image()},
    "a partition without images": {**without("streets/val"), "streets/val/notes.txt": b"none"},
    "a name that is too long": {**GOOD, f"streets/train/{'x' * 300}.png": image()},
    "a path that is too long": {**GOOD, f"streets/train/{'/'.join(['y' * 200] * 30)}.png": image()},
    "a name that is not UTF-8": {**without("streets/val"), "streets/val/caf\udce9.png": image()},
    "two images of one name": {
        **without("streets/val"),
        "streets/val/1.png": image(),
        "streets/val/1.jpg": image(),
    },
}


@pytest.mark.parametrize("members", MALFORMED.values(), ids=MALFORMED.keys())
def test_an_archive_that_holds_something_else(tmp_path, serve, members):  # noqa: F811
    target = tmp_path / "here"
    with pytest.raises(DataError, match=r"127\.0\.0\.1:\d+/a\.tar\.gz: expected") as caught:
        fetch_archive(serve(archive(members)), None, target / "streets", SIZES)
    assert str(caught.value).isprintable()
    assert visible(target) == []


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", b"\x1f\x8b\x08" + b"\0" * 50, b"\xfd7zXZ\0" + b"\1" * 80, b"BZh9" * 9]
)
def test_bytes_that_are_no_archive(tmp_path, serve, content):  # noqa: F811
    with pytest.raises(DataError, match=r"expected a \.tar\.gz that is safe to unpack"):
        fetch_archive(serve(content), None, tmp_path / "streets", SIZES)
    assert visible(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_disk_refuses_is_no_fault_of_the_archive(tmp_path, serve, monkeypatch, number):  # noqa: F811
    def refuse(self, *args, **options):
        raise OSError(number, os.strerror(number), "streets/train/1.png")

    monkeypatch.setattr(tarfile.TarFile, "extractall", refuse)
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        fetch_archive(serve(archive(GOOD)), None, tmp_path / "streets", SIZES)
    assert visible(tmp_path) == []
