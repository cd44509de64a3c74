"""A sweep of two jobs on each real engine: both finish, and the victim that they share is trained once."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import tiny
from tests.launchers import slurm

LOCAL = {
    "joblib": ("hydra_plugins.hydra_joblib_launcher", []),
    "submitit_local": ("hydra_plugins.hydra_submitit_launcher", []),
    "ray": ("hydra_plugins.hydra_ray_launcher", ["hydra.launcher.ray.init.num_cpus=2"]),
}


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
    resources = ["gpus_per_node=null", "cpus_per_task=1", "mem_gb=2", "timeout_min=10"]
    words = ["hydra/launcher=submitit_slurm", *(f"hydra.launcher.{word}" for word in resources)]
    done = sweep([*tiny(folder_dataset), *words, "attack.alpha=0.5,2"], tmp_path, slurm_cluster)
    check_two_jobs_of_one_victim(tmp_path, done)
    logs = list(tmp_path.glob("outputs/runs/*/*/.submitit/*/*.out"))
    assert len(logs) == 2, "each job of the array has its log"
