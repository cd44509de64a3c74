"""A sweep of two jobs on each real engine: both finish, and the victim that they share is trained once."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.cli import tiny
from tests.launchers import slurm

LOCAL = {
    "joblib": ("hydra_plugins.hydra_joblib_launcher", []),
    "submitit_local": ("hydra_plugins.hydra_submitit_launcher", []),
    "ray": ("hydra_plugins.hydra_ray_launcher", ["hydra.launcher.ray.init.num_cpus=2"]),
}


RESOURCES = ["gpus_per_node=null", "cpus_per_task=1", "mem_gb=2", "timeout_min=60"]
ON_SLURM = ["hydra/launcher=submitit_slurm", *(f"hydra.launcher.{word}" for word in RESOURCES)]


def sweep(
    words: list[str], cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mia_exp", "-m", *words]
    environment = {**(environment or os.environ), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=400
    )


def check_two_jobs_of_one_victim(cwd: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    runs = sorted(cwd.glob("outputs/runs/*/*/[01]/metrics.json"))
    metrics = [json.loads(path.read_text()) for path in runs]
    assert [content["attack"]["alpha"] for content in metrics] == [0.5, 2]
    # Other processes made them: each says so in its own log.
    assert all((path.parent / "run.log").stat().st_size for path in runs)
    assert metrics[0]["provenance"]["keys"]["victim"] == metrics[1]["provenance"]["keys"]["victim"]
    victims = list(cwd.glob("outputs/artifacts/victim/*/manifest.json"))
    assert len(victims) == 1
    made = [line for path in runs for line in (path.parent / "run.log").read_text().splitlines()]
    assert sum("made victim" in line for line in made) == 1, "one trains, the other waits"
    assert (runs[0].parents[1] / "sweep.json").exists(), "the launching process writes the table"


@pytest.mark.parametrize("launcher", LOCAL)
def test_on_this_machine(launcher: str, folder_dataset: Path, tmp_path: Path) -> None:
    plugin, words = LOCAL[launcher]
    if importlib.util.find_spec(plugin) is None:
        pytest.skip(f"needs {plugin}")
    done = sweep([*tiny(folder_dataset), f"hydra/launcher={launcher}", *words, "attack.alpha=0.5,2"], tmp_path)
    check_two_jobs_of_one_victim(tmp_path, done)


@pytest.fixture
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if (reason := slurm.missing()) is not None:
        pytest.skip(reason)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A socket's path has at most 108 characters.
    with slurm.cluster(tmp_path_factory.mktemp("slurm"), port) as environment:
        yield environment


def test_on_slurm(slurm_cluster: dict[str, str], folder_dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    done = sweep([*tiny(folder_dataset), *ON_SLURM, "attack.alpha=0.5,2"], tmp_path, slurm_cluster)
    check_two_jobs_of_one_victim(tmp_path, done)
    logs = list(tmp_path.glob("outputs/runs/*/*/.submitit/*/*.out"))
    assert len(logs) == 2, "each job of the array has its log"


def test_a_job_that_slurm_preempts_goes_on_with_the_same_result(
    slurm_cluster: dict[str, str], folder_dataset: Path, tmp_path: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    words = [*tiny(folder_dataset, "victim.epochs=60"), "attack.alpha=2"]
    environment = {**slurm_cluster, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mia_exp", "-m", *words, *ON_SLURM]
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=out, stderr=subprocess.STDOUT)
    end = time.monotonic() + 300
    while not list(tmp_path.glob("outputs/artifacts/victim/*.work/resume.ckpt")):
        assert process.poll() is None, (tmp_path / "out").read_text()
        assert time.monotonic() < end, "training did not reach its first resume point"
        time.sleep(0.02)
    # The job's step, to which Slurm would send this signal before it takes the node away.
    cancel = ["scancel", "--signal=USR2", "--name=folder"]
    subprocess.run(cancel, env=environment, check=True)
    assert process.wait(timeout=400) == 0, (tmp_path / "out").read_text()
    (log,) = tmp_path.glob("outputs/runs/*/*/0/run.log")
    assert "training resumes from" in log.read_text()
    assert not list(tmp_path.glob("**/hpc_ckpt*"))
    whole = subprocess.run(
        [sys.executable, "-m", "mia_exp", *words, "output_dir=whole"], cwd=tmp_path, env=environment, check=False
    )
    assert whole.returncode == 0
    interrupted, undisturbed = (
        pd.read_parquet(next(tmp_path.glob(f"{place}/scores.parquet")))
        for place in ("outputs/runs/*/*/0", "whole/runs/*/*")
    )
    assert interrupted.equals(undisturbed)
