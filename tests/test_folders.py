"""The folders of runs and sweeps: each process has its own, and an old page never stands beside new numbers."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli import mia_exp, tiny
from tests.faults.forks import Forked, forked

LEFT = {"config.yaml", "metrics.json", "report.html", "run.log", "scores.parquet"}


def files_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_sweeps_of_one_moment_have_a_folder_each(folder_dataset: Path, tmp_path: Path) -> None:
    # Characters that Hydra's grammar gives a meaning are taken as they are.
    words = tiny(folder_dataset, "output_dir='it''s, a=b'", "hydra.sweep.dir=${output_dir}/runs/${name}/${now:%Y}")
    words = [word.replace("''", r"\'") for word in words]
    for _ in range(2):
        assert mia_exp("-m", *words, "attack.alpha=0,1", cwd=tmp_path).status == 0
    folders = sorted((tmp_path / "it's, a=b/runs/folder").iterdir())
    assert [folder.name.partition("-")[2] for folder in folders] == ["", "2"]
    for folder in folders:
        assert len(list(folder.glob("[01]/metrics.json"))) == 2
        assert (folder / "sweep.html").is_file()


@pytest.mark.parametrize("words", [["hydra.run.dir=here"], ["-m", "hydra.sweep.dir=here", "attack.alpha=0,1"]])
def test_a_chosen_folder_has_one_process_at_a_time(folder_dataset: Path, tmp_path: Path, words: list[str]) -> None:
    long = [*words, *tiny(folder_dataset, "victim.epochs=200")]
    process = Forked(*long, cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("outputs/artifacts/victim/*.work/resume.ckpt")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    second = mia_exp(*words, *tiny(folder_dataset), cwd=tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert second.status == 1
    assert "here: another process is using this folder" in second.err
    # One that was killed keeps nobody out.
    assert mia_exp(*words, *tiny(folder_dataset), cwd=tmp_path).status == 0


def test_a_plan_writes_nothing(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "dry_run=true")
    for more in ([], ["-m", "attack.alpha=0,1"]):
        outcome = mia_exp(*more, *words, cwd=tmp_path)
        assert outcome.status == 0
        assert outcome.out.count("Plan") == max(1, len(more))
    assert not list(tmp_path.iterdir())


# What git then says of the package: nothing, as of one that was installed.
OUTSIDE_GIT = {"GIT_DIR": "nowhere"}


def test_a_sweep_that_was_stopped_while_it_ran_again_can_be_run_again(folder_dataset: Path, tmp_path: Path) -> None:
    words = ["-m", *tiny(folder_dataset), "hydra.sweep.dir=sweep", "attack.alpha=0,1"]
    assert forked(*words, cwd=tmp_path, environment=OUTSIDE_GIT).status == 0
    assert json.loads((tmp_path / "sweep/1/metrics.json").read_text())["provenance"]["git"] is None
    expected = (tmp_path / "sweep/1/scores.parquet").read_bytes()
    # As a run that was stopped at each of its steps leaves its folder.
    for lost in ({"metrics.json"}, {"scores.parquet", "metrics.json"}):
        for name in lost:
            (tmp_path / "sweep/1" / name).unlink()
        again = forked(*words, cwd=tmp_path, environment=OUTSIDE_GIT)
        assert again.status == 0, again.err
        assert (tmp_path / "sweep/1/scores.parquet").read_bytes() == expected


def test_no_old_page_stands_beside_missing_numbers(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "hydra.run.dir=here")
    assert mia_exp(*words, cwd=tmp_path).status == 0
    assert {path.name for path in files_under(tmp_path / "here")} >= LEFT
    assert mia_exp(*words, "victim.learning_rate=1e37", cwd=tmp_path).status == 1
    left = {path.name for path in files_under(tmp_path / "here")}
    assert not left & {"metrics.json", "scores.parquet", "report.html"}


def test_a_sweep_in_its_old_folder_makes_only_what_is_missing(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(name: str) -> None:
        for module in ("mia_exp.run", "mia_exp.sweep"):
            monkeypatch.setattr(f"{module}.git_commit", lambda: name)

    def reported() -> list[int]:
        return [(tmp_path / f"sweep/{number}/metrics.json").stat().st_mtime_ns for number in (0, 1)]

    words = ["-m", *tiny(folder_dataset), "attack.alpha=0,1", "hydra.sweep.dir=sweep"]
    commit("abc")
    assert mia_exp(*words, cwd=tmp_path).status == 0
    first = reported()
    (tmp_path / "sweep/1/metrics.json").unlink()
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 0
    assert outcome.out.count("done before") == 1
    again = reported()
    assert again[0] == first[0]
    assert again[1] > first[1]

    # Other settings, another commit, a changed checkout: nothing is left out.
    assert "done before" not in mia_exp(*words, "evaluation.folds=4", cwd=tmp_path).out
    for name in ("def", "def-dirty", "def-dirty"):
        commit(name)
        assert "done before" not in mia_exp(*words, "evaluation.folds=4", cwd=tmp_path).out
