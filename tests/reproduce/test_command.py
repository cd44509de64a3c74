"""`mia-reproduce` on drawn pairs, with a victim that trains in seconds: what it leaves, and what it does again."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from mia_exp.reproduce.runs import read_runs

TINY = [
    "victim.ngf=4",
    "victim.ndf=4",
    "victim.epochs=1",
    "victim.decay_epochs=0",
    "victim.checkpoint_epochs=[]",
    "split.n_members=12",
    "trainer.accelerator=cpu",
    "evaluation.bootstrap=100",
]

COMMAND = [sys.executable, "-m", "mia_exp.reproduce"]


def reproduce(*words: str, cwd: Path, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MIA_EXP_DATA": str(data)}
    return subprocess.run([*COMMAND, *words], cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    text = "# Results\n<!-- from results/, by `mia-reproduce page` -->\n<!-- end -->\n"
    (tmp_path / "docs/results.md").write_text(text)
    return tmp_path


# One victim, one split and one seed of Fig. 10.
ONE = ["dataset=facades", "victim=pix2pix", "split=random", "seed=0", "defense=gauss"]


def test_a_figure_from_its_sweep_to_the_page(project: Path, drawn_data: Path) -> None:
    outcome = reproduce("fig10", *TINY, *ONE, "defense.sigma=0,0.4", cwd=project, data=drawn_data)
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads((project / "results/cpu/fig10.json").read_text())
    assert [job["overrides"]["defense.sigma"] for job in found["jobs"]] == ["0", "0.4"]
    assert found["shared"]["scale"] == "cpu"
    runs = read_runs(project / "results/cpu", ["fig10"])
    for run in runs:
        # The scores that are kept are those that the run was evaluated by.
        assert run.scores["member"].sum() == run.about["n_members"] == 12
        for column in ("l_rec", "l_mem"):
            expected = roc_auc_score(run.scores["member"], -run.scores[column])
            assert run.about["attacks"][column]["auc"] == pytest.approx(expected)
    assert (project / "results/cpu/fig10-random.pdf").read_bytes().startswith(b"%PDF")
    page = (project / "docs/results.md").read_text()
    assert "![AUC against the defense's sigma](../results/cpu/fig10-random.png)" in page
    assert "| Fig. 10 | Even with large noise the attack is much better than random. |" in page
    with (project / "results/cpu/cells.csv").open() as file:
        [cell] = [row for row in csv.DictReader(file) if row["claim"] == "fig10-strongest"]
    assert float(cell["mean"]) == pytest.approx(runs[1].about["attacks"]["l_mem"]["auc"], abs=1e-5)


def test_a_cell_that_fails_leaves_the_others_and_is_named(project: Path, drawn_data: Path) -> None:
    data = project / "data"
    (data / "maps/train").mkdir(parents=True)
    (data / "facades").symlink_to(drawn_data / "facades")
    (data / "maps/train/1.jpg").write_bytes(b"no image")
    words = [*TINY, *ONE[1:], "defense.sigma=0", "dataset=facades,maps2sat"]
    outcome = reproduce("fig10", *words, cwd=project, data=data)
    assert outcome.returncode == 1
    assert "missing" in outcome.stderr
    assert "dataset=maps2sat" in outcome.stderr
    found = json.loads((project / "results/cpu/fig10.json").read_text())
    assert [job["metrics"] is None for job in found["jobs"]] == [False, True]
    assert "Missing: 1 of 2 runs, such as `fig10: " in (project / "docs/results.md").read_text()
    # Mended, the same command does the rest.
    (data / "maps/train/1.jpg").unlink()
    (data / "maps/train").rmdir()
    (data / "maps").rmdir()
    (data / "maps").symlink_to(drawn_data / "maps")
    again = reproduce("fig10", *words, cwd=project, data=data)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("made victim") + again.stderr.count("made victim") == 1


def test_an_interrupted_item_goes_on(project: Path, drawn_data: Path) -> None:
    words = [*TINY, *ONE, "defense.sigma=0,0.4"]
    environment = {**os.environ, "MIA_EXP_DATA": str(drawn_data)}
    with subprocess.Popen(
        [*COMMAND, "fig10", *words], cwd=project, env=environment, start_new_session=True
    ) as process:
        while not (project / "outputs/reproduce/cpu/fig10/0/metrics.json").is_file():
            assert process.poll() is None
            time.sleep(0.05)
        # What Ctrl-C sends to the whole job of a terminal.
        os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 130
    first = json.loads((project / "results/cpu/fig10.json").read_text())
    assert first["jobs"][0]["metrics"] is not None
    again = reproduce("fig10", *words, cwd=project, data=drawn_data)
    assert again.returncode == 0, again.stderr
    assert "made victim" not in again.stdout + again.stderr
    found = json.loads((project / "results/cpu/fig10.json").read_text())
    assert all(job["metrics"] for job in found["jobs"])


@pytest.mark.parametrize(("name", "scale"), [("sizes", "cpu"), ("table1", "half"), ("lengths", "paper")])
def test_an_item_of_another_scale_is_refused(name: str, scale: str, project: Path, drawn_data: Path) -> None:
    outcome = reproduce(name, "--scale", scale, cwd=project, data=drawn_data)
    assert outcome.returncode == 2
    assert f"{name}: not made at --scale {scale}, which has " in outcome.stderr.splitlines()[-1]
    assert not (project / "results").exists()


def test_an_unknown_item_is_one_line(project: Path, drawn_data: Path) -> None:
    outcome = reproduce("table9", cwd=project, data=drawn_data)
    assert outcome.returncode == 2
    assert "table9: expected all, status, page, stale, or one of table1" in outcome.stderr.splitlines()[-1]
