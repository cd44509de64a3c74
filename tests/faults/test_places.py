"""Paths that cannot be written to, or that exist as something else: errors that name them and what to do."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli import Outcome, mia_exp, tiny


def refused(outcome: Outcome, message: str) -> None:
    assert outcome.status == 1
    assert "Traceback" not in outcome.err
    (said,) = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert re.search(message, said), said


def a_file(cwd: Path) -> str:
    (cwd / "place").write_text("a file")
    return "place"


def below_a_file(cwd: Path) -> str:
    a_file(cwd)
    return "place/below"


def a_dangling_link(cwd: Path) -> str:
    (cwd / "place").symlink_to("nowhere")
    return "place"


def a_link_to_itself(cwd: Path) -> str:
    (cwd / "place").symlink_to("place")
    return "place"


def artifacts_is_a_file(cwd: Path) -> str:
    (cwd / "place").mkdir()
    (cwd / "place/artifacts").write_text("a file")
    return "place"


@pytest.mark.parametrize("dry", ["false", "true"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (a_file, r"place: expected a folder.*, found a file\. .*output_dir"),
        (below_a_file, r"place(/below)?: expected a folder.*, found a file\. .*output_dir"),
        (a_dangling_link, r"place: expected a folder.*, found a link to nowhere, .*output_dir"),
        (a_link_to_itself, r"place: expected a folder.*, found a link to place, .*output_dir"),
        (artifacts_is_a_file, r"place/artifacts: expected a folder, found a file\. .*output_dir"),
    ],
)
def test_something_else_lies_there(
    folder_dataset: Path, tmp_path: Path, make: Callable[[Path], str], message: str, dry: str
) -> None:
    output_dir = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    outcome = mia_exp(*tiny(folder_dataset, f"output_dir={output_dir}", f"dry_run={dry}"), cwd=tmp_path)
    refused(outcome, message)
    if dry == "true":
        assert sorted(tmp_path.rglob("*")) == before
    assert not list(tmp_path.rglob("*.work")) and not list(tmp_path.rglob("manifest.json"))


@pytest.mark.parametrize("more", [[], ["-m", "attack.alpha=0,1"]])
def test_the_system_refuses_a_folder(folder_dataset: Path, tmp_path: Path, more: list[str]) -> None:
    # Nobody can make a folder there, whatever their rights.
    outcome = mia_exp(*more, *tiny(folder_dataset, "output_dir=/proc/sys/outputs"), cwd=tmp_path)
    refused(outcome, r"/proc/sys/outputs.*: .*\. .*(set output_dir to|run the same command again)")
    assert not list(tmp_path.iterdir())


def test_a_plan_asks_for_no_folder(folder_dataset: Path, tmp_path: Path) -> None:
    outcome = mia_exp(*tiny(folder_dataset, "output_dir=/proc/sys/outputs", "dry_run=true"), cwd=tmp_path)
    assert outcome.status == 0 and "to be made" in outcome.out
    assert not list(tmp_path.iterdir())


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A file system that nothing can be written to."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


def test_a_read_only_file_system(folder_dataset: Path, tmp_path: Path, read_only: Path) -> None:
    words = tiny(folder_dataset, f"output_dir={read_only}")
    refused(mia_exp(*words, cwd=tmp_path), rf"{read_only}/\w+.*: Read-only file system.*set output_dir")
    assert mia_exp(*words, "dry_run=true", cwd=tmp_path).status == 0


def artifact_is_a_file(folder: Path) -> Path:
    shutil.rmtree(folder)
    folder.write_text("a file")
    return folder


def artifact_is_a_dangling_link(folder: Path) -> Path:
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")
    return folder


def lock_is_a_folder(folder: Path) -> Path:
    shutil.rmtree(folder)
    lock = folder.with_suffix(".lock")
    lock.unlink()
    lock.mkdir()
    return lock


def work_is_a_file(folder: Path) -> Path:
    shutil.rmtree(folder)
    work = folder.with_suffix(".work")
    work.write_text("a file")
    return work


def stage_is_a_file(folder: Path) -> Path:
    shutil.rmtree(folder.parent)
    folder.parent.write_text("a file")
    return folder.parent


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()


def test_something_lies_in_an_artifacts_place(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset)
    assert mia_exp(*words, cwd=tmp_path).status == 0
    (folder,) = (tmp_path / "outputs/artifacts/reconstruction").glob("*/")
    content = (folder / "columns.parquet").read_bytes()
    for spoil in (
        artifact_is_a_file,
        artifact_is_a_dangling_link,
        lock_is_a_folder,
        work_is_a_file,
        stage_is_a_file,
    ):
        path = spoil(folder)
        place = re.escape(str(path.relative_to(tmp_path)))
        refused(mia_exp(*words, cwd=tmp_path), rf"{place}: expected a (folder|lock file), found .*\. Remove it")
        remove(path)
        assert mia_exp(*words, cwd=tmp_path).status == 0, "after the advice was followed"
        assert (folder / "columns.parquet").read_bytes() == content
