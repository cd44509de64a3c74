"""Signals and schedulers: stopped runs resume from our own checkpoint, and nothing else starts a training."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pytorch_lightning import Trainer

from mia_exp.data import InputLayout
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from tests.cli import mia_exp, start, tiny
from tests.faults.forks import Forked

# What Slurm sets for the only task of a job, but for the names of nodes.
SLURM = {
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_NAME": "victim",
    "SLURM_NTASKS": "1",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
}


def scores(cwd: Path, root: str = "outputs") -> pd.DataFrame:
    return pd.read_parquet(next(cwd.glob(f"{root}/runs/*/*/scores.parquet")))


def victim_files(cwd: Path, root: str = "outputs") -> dict[str, bytes]:
    """What the only victim's training left, but for the manifest, which has its date and duration."""
    (manifest,) = cwd.glob(f"{root}/artifacts/victim/*/manifest.json")
    return {path.name: path.read_bytes() for path in manifest.parent.iterdir() if path != manifest}


def wait(ready: Callable[[], object], process: "Forked | subprocess.Popen[str]", what: str) -> None:
    deadline = time.monotonic() + 180
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)


def at_work_in(folder: Path) -> list[str]:
    """The processes whose current folder this is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder.resolve():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def resume_points(cwd: Path) -> list[Path]:
    return list(cwd.glob("outputs/artifacts/victim/*.work/resume.ckpt"))


@pytest.mark.parametrize("more", [{}, {"SLURM_NTASKS": "2"}, {"SLURM_NTASKS": "2", "SLURM_PROCID": "1"}])
def test_slurm_changes_nothing(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    words = tiny(folder_dataset)
    assert mia_exp(*words, "output_dir=alone", cwd=tmp_path).status == 0
    # Another victim's state, where Lightning under Slurm looks for one to start from.
    other = Pix2Pix(image_size=64, ngf=4, ndf=4, epochs=2, decay_epochs=0).build_module(InputLayout(), 0)
    trainer = Trainer(max_epochs=2, logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(other)
    trainer.save_checkpoint(tmp_path / "hpc_ckpt_1.ckpt")
    for name, value in {**SLURM, **more}.items():
        monkeypatch.setenv(name, value)
    assert mia_exp(*words, cwd=tmp_path).status == 0
    assert scores(tmp_path).equals(scores(tmp_path, "alone"))
    # Every task logs its own losses.
    (losses,) = tmp_path.glob("outputs/runs/*/*/csv/metrics.csv")
    assert np.isfinite(pd.read_csv(losses)["l1"].dropna()).sum() == 2


def test_a_signal_of_slurm_leaves_no_checkpoint_for_other_victims(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "victim.epochs=40")
    process = Forked(*words, cwd=tmp_path, environment=SLURM)
    wait(lambda: resume_points(tmp_path), process, "a resume point")
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=120)
    assert not list(tmp_path.glob("*.ckpt"))
    resumed = mia_exp(*words, cwd=tmp_path)
    assert resumed.status == 0
    assert "training resumes from" in resumed.err
    assert mia_exp(*words, "output_dir=whole", cwd=tmp_path).status == 0
    assert scores(tmp_path).equals(scores(tmp_path, "whole"))


def test_sigterm_keeps_the_epochs_that_were_trained(folder_dataset: Path, tmp_path: Path) -> None:
    # Resume points are an hour apart: what is kept was written because of the signal.
    words = tiny(folder_dataset, "victim.epochs=100", "trainer.resume_seconds=3600")
    process = Forked(*words, cwd=tmp_path)
    wait(lambda: list(tmp_path.glob("outputs/artifacts/victim/*.work")), process, "training")
    time.sleep(1.5)
    process.terminate()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143, err
    assert "Traceback" not in err
    assert "terminated; the same command continues from here" in err
    assert resume_points(tmp_path)
    assert not list(tmp_path.glob("outputs/artifacts/victim/*/manifest.json"))
    resumed = mia_exp(*words, cwd=tmp_path)
    assert resumed.status == 0
    assert "training resumes from" in resumed.err
    assert mia_exp(*words, "output_dir=whole", cwd=tmp_path).status == 0
    assert scores(tmp_path).equals(scores(tmp_path, "whole"))
    # The held-out errors of the epochs before the signal were kept with the weights.
    left = [victim_files(tmp_path, root) for root in ("outputs", "whole")]
    assert left[0] == left[1] and set(left[0]) == {"generator-0100.safetensors", "losses.csv"}
    assert b"held_out_l1" in left[0]["losses.csv"].splitlines()[0] and left[0]["losses.csv"].count(b"\n") == 101


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_sigterm_ends_a_sweep_that_says_what_is_done(folder_dataset: Path, tmp_path: Path, launcher: str) -> None:
    if launcher != "basic":
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    epochs = "victim.epochs=2,400,401"
    process = start("-m", *tiny(folder_dataset), epochs, f"hydra/launcher={launcher}", cwd=tmp_path)
    wait(lambda: list(tmp_path.glob("outputs/runs/*/*/0/metrics.json")), process, "the first job's numbers")
    wait(lambda: resume_points(tmp_path), process, "the second job's resume point")
    process.terminate()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 143, err
    assert "Traceback" not in err
    assert "1 of 3 jobs are done: 0" in err
    assert "missing" in out, "the job that was stopped is named in the table"
    (table,) = tmp_path.glob("outputs/runs/*/*/sweep.json")
    assert json.loads(table.read_text())["missing"]
    deadline = time.monotonic() + 20
    while left := at_work_in(tmp_path):
        assert time.monotonic() < deadline, f"processes of the sweep are left: {left}"
        time.sleep(0.1)


def test_a_second_sigterm_does_not_wait(folder_dataset: Path, tmp_path: Path) -> None:
    # One epoch takes minutes: a signal that waited for its end would be seen.
    words = tiny(folder_dataset, "victim.epochs=3", "victim.ngf=64", "victim.ndf=64", "victim.batch_size=1")
    process = Forked(*words, cwd=tmp_path)
    wait(lambda: list(tmp_path.glob("outputs/artifacts/victim/*.work")), process, "training")
    process.terminate()
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode in (143, -signal.SIGTERM)


def test_an_embedded_run_leaves_the_callers_handlers_alone(folder_dataset: Path, tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)]
    assert mia_exp(*tiny(folder_dataset), cwd=tmp_path).status == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)] == before
    assert not list(tmp_path.glob("*.ckpt"))
