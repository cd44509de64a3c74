"""`mia-reproduce` on drawn pairs, with a victim that trains in seconds: what it leaves, and what it does again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


def test_a_figure_from_its_sweep_to_the_page(project: Path, drawn_data: Path) -> None:
    outcome = reproduce("fig8", *TINY, "dataset=facades", "attack.alpha=0,1", cwd=project, data=drawn_data)
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads((project / "results/cpu/fig8.json").read_text())
    assert [job["overrides"]["attack.alpha"] for job in found["jobs"]] == ["0", "1"]
    assert {job["metrics"]["scale"] for job in found["jobs"]} == {"cpu"}
    # Without the difficulty, L_mem is L_rec.
    at_zero = found["jobs"][0]["metrics"]["attacks"]
    assert at_zero["l_mem"]["auc"] == at_zero["l_rec"]["auc"]
    assert (project / "results/cpu/fig8.pdf").read_bytes().startswith(b"%PDF")
    assert "![AUC against alpha](../results/cpu/fig8.png)" in (project / "docs/results.md").read_text()


def test_a_cell_that_fails_leaves_the_others_and_is_named(project: Path, drawn_data: Path) -> None:
    data = project / "data"
    (data / "maps/train").mkdir(parents=True)
    (data / "facades").symlink_to(drawn_data / "facades")
    (data / "maps/train/1.jpg").write_bytes(b"no image")
    words = [*TINY, "attack.alpha=1", "dataset=facades,maps2sat"]
    outcome = reproduce("fig8", *words, cwd=project, data=data)
    assert outcome.returncode == 1
    assert "missing" in outcome.stderr
    assert "dataset=maps2sat" in outcome.stderr
    found = json.loads((project / "results/cpu/fig8.json").read_text())
    assert [job["metrics"] is None for job in found["jobs"]] == [False, True]
    assert "Missing: `" in (project / "docs/results.md").read_text()
    # Mended, the same command does the rest.
    (data / "maps/train/1.jpg").unlink()
    (data / "maps/train").rmdir()
    (data / "maps").rmdir()
    (data / "maps").symlink_to(drawn_data / "maps")
    again = reproduce("fig8", *words, cwd=project, data=data)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("made victim") + again.stderr.count("made victim") == 1


def test_an_interrupted_item_goes_on(project: Path, drawn_data: Path) -> None:
    words = [*TINY, "dataset=facades", "attack.alpha=0,1"]
    environment = {**os.environ, "MIA_EXP_DATA": str(drawn_data)}
    with subprocess.Popen(
        [*COMMAND, "fig8", *words], cwd=project, env=environment, start_new_session=True
    ) as process:
        while not (project / "outputs/reproduce/cpu/fig8/0/metrics.json").is_file():
            assert process.poll() is None
            time.sleep(0.05)
        # What Ctrl-C sends to the whole job of a terminal.
        os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 130
    first = json.loads((project / "results/cpu/fig8.json").read_text())
    assert first["jobs"][0]["metrics"] is not None
    again = reproduce("fig8", *words, cwd=project, data=drawn_data)
    assert again.returncode == 0, again.stderr
    assert "made victim" not in again.stdout + again.stderr
    found = json.loads((project / "results/cpu/fig8.json").read_text())
    assert all(job["metrics"] for job in found["jobs"])


def test_an_unknown_item_is_one_line(project: Path, drawn_data: Path) -> None:
    outcome = reproduce("table9", cwd=project, data=drawn_data)
    assert outcome.returncode == 2
    assert "table9: expected all, status, page, or one of table1" in outcome.stderr.splitlines()[-1]
