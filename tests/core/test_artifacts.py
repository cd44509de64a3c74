"""Content-addressed stages: keys, publication, and what a killed or failed build leaves."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.core import provenance
from mia_exp.core.artifacts import ArtifactStore, Stage
from mia_exp.core.keys import canonical_json, plain
from mia_exp.core.storage import atomic_write, describe_non_folder


def stage(build: object, **settings: object) -> Stage:
    return Stage("numbers", 1, settings, {}, build, note="")  # type: ignore[arg-type]


def test_an_artifact_is_built_once_even_by_many(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, lambda: "cpu")
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "n.txt").write_text("1")

    threads = [threading.Thread(target=store.get, args=(stage(build, a=1),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert (store.get(stage(build, a=1)) / "n.txt").read_text() == "1"


def test_a_failed_build_publishes_nothing_and_the_next_starts_over(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, lambda: "cpu")

    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise ValueError("midway")

    def succeed(folder: Path) -> None:
        assert not list(folder.iterdir())
        (folder / "whole.txt").write_text("whole")

    with pytest.raises(ValueError, match="midway"):
        store.get(stage(fail))
    assert not store.has(stage(fail))
    folder = store.get(stage(succeed))
    assert {path.name for path in folder.iterdir()} == {"whole.txt", "manifest.json"}


def test_a_stage_that_resumes_finds_what_it_left(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, lambda: "cpu")

    def build(folder: Path) -> None:
        counter = folder / "count.txt"
        count = int(counter.read_text()) if counter.exists() else 0
        counter.write_text(str(count + 1))
        if count == 0:
            raise KeyboardInterrupt

    counting = Stage("counting", 1, {}, {}, build, resumes=True)
    with pytest.raises(KeyboardInterrupt):
        store.get(counting)
    assert (store.get(counting) / "count.txt").read_text() == "2"


def test_keys_follow_name_version_settings_and_inputs() -> None:
    base = Stage("a", 1, {"x": 1}, {}, print)
    variants = [
        Stage("b", 1, {"x": 1}, {}, print),
        Stage("a", 2, {"x": 1}, {}, print),
        Stage("a", 1, {"x": 2}, {}, print),
        Stage("a", 1, {"x": 1}, {"input": base}, print),
    ]
    assert len({base.key, *(variant.key for variant in variants)}) == 5
    assert Stage("a", 1, {"x": 1}, {}, str, note="other").key == base.key


def test_manifest_says_where_a_number_comes_from(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, lambda: "some device")
    folder = store.get(stage(lambda folder: (folder / "a").write_bytes(b"abc"), seed=3))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["device"] == "some device"
    assert manifest["settings"] == {"seed": 3}
    assert manifest["versions"]["torch"]
    # SHA-256 of "abc", from the standard's own example.
    assert manifest["files"]["a"]["sha256"].startswith("ba7816bf8f01cfea414140de5dae2223")


def test_settings_become_canonical_json() -> None:
    assert plain(DifficultySettings())["resize"] == "bilinear"
    assert canonical_json({"b": (1, 2), "a": None}) == '{"a":null,"b":[1,2]}'
    with pytest.raises(ValueError, match="float"):
        canonical_json({"a": float("nan")})


def test_only_a_change_of_the_package_makes_a_commit_dirty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True
        )

    module = tmp_path / "package" / "module.py"
    module.parent.mkdir()
    module.write_text("")
    page = tmp_path / "page.md"
    page.write_text("")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    monkeypatch.setattr(provenance, "__file__", str(module))
    commit = provenance.git_commit.__wrapped__()
    assert commit is not None
    assert len(commit) == 40
    page.write_text("changed")
    assert provenance.git_commit.__wrapped__() == commit
    (module.parent / "added.py").write_text("")
    assert provenance.git_commit.__wrapped__() == f"{commit}-dirty"


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is made to last, and what is renamed, in its order."""
    events: list[tuple[str, str]] = []
    fsync, rename, replace = os.fsync, Path.rename, Path.replace

    def synced(handle: int) -> None:
        events.append(("sync", Path(f"/proc/self/fd/{handle}").readlink().name))
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        events.append(("rename", target.name))
        return rename(path, target)

    def replaced(path: Path, target: Path) -> Path:
        events.append(("rename", target.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(Path, "replace", replaced)
    return events


def test_an_artifact_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, on_disk: list[tuple[str, str]]) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc, to see what is synced")
    folder = ArtifactStore(tmp_path, lambda: "cpu").get(stage(lambda folder: (folder / "n.txt").write_text("1")))
    named = on_disk.index(("rename", folder.name))
    before, after = on_disk[:named], on_disk[named + 1 :]
    assert {("sync", "n.txt"), ("sync", "manifest.json")} <= set(before)
    assert before[-1] == ("sync", f"{folder.name}.work"), "the list of its files, once all are there"
    assert ("sync", folder.parent.name) in after, "its new name"


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, on_disk: list[tuple[str, str]]) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc, to see what is synced")
    with atomic_write(tmp_path / "n.txt") as path:
        path.write_text("1")
    assert on_disk == [("sync", path.name), ("rename", "n.txt"), ("sync", tmp_path.name)]
    with pytest.raises(ValueError, match="midway"), atomic_write(tmp_path / "n.txt") as path:
        path.write_text("half")
        raise ValueError("midway")
    assert [file.name for file in tmp_path.iterdir()] == ["n.txt"] and (tmp_path / "n.txt").read_text() == "1"


def test_a_folder_that_is_made_meanwhile_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "made"
    stat = Path.stat
    asked = []

    def late(path: Path, **more: bool) -> os.stat_result:
        try:
            return stat(path, **more)
        finally:
            asked.append(path)
            if len(asked) == 1:
                folder.mkdir()

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", late)
        found = describe_non_folder(folder)
    assert found is None and asked[0] == folder
