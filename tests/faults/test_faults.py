"""What goes wrong ends in one clear error, status 1, and nothing half-made."""

import errno
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import save_file

from mia_exp.core.storage import is_disk_full
from tests.cli import Outcome, mia_exp, start, tiny
from tests.faults.forks import Forked


def refused(outcome: Outcome, message: str) -> None:
    assert outcome.status == 1
    assert "Traceback" not in outcome.err
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, outcome.err
    assert re.search(message, errors[0]), errors[0]


@pytest.fixture
def dataset(folder_dataset: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(folder_dataset, tmp_path / "dataset")


def truncate(dataset: Path) -> None:
    path = dataset / "targets" / "05.jpg"
    Image.open(dataset / "targets" / "05.png").save(path)
    (dataset / "targets" / "05.png").unlink()
    path.write_bytes(path.read_bytes()[:-200])


def no_image(dataset: Path) -> None:
    (dataset / "inputs" / "07.png").write_text("no image")


def too_small(dataset: Path) -> None:
    Image.new("RGB", (63, 64)).save(dataset / "inputs" / "09.png")


def unpaired(dataset: Path) -> None:
    (dataset / "inputs" / "11.png").unlink()


def empty(dataset: Path) -> None:
    for path in (dataset / "targets").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (truncate, r"05\.jpg.*(truncated|damaged)"),
        (no_image, r"07\.png.*image"),
        (too_small, r"09\.png.*64x64.*63x64"),
        (unpaired, r"\b11\b"),
        (empty, r"targets"),
        (shutil.rmtree, r"dataset"),
    ],
)
def test_a_spoilt_dataset_stops_the_run_before_training(
    dataset: Path, tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(dataset)
    refused(mia_exp(*tiny(dataset), cwd=tmp_path), message)
    assert not list(tmp_path.glob("outputs/artifacts/pairs/*/*"))
    assert not list(tmp_path.glob("outputs/artifacts/victim/*"))


def test_fewer_pairs_than_the_split_wants(folder_dataset: Path, tmp_path: Path) -> None:
    refused(mia_exp(*tiny(folder_dataset), "split.n_members=20", cwd=tmp_path), r"40.*24.*split\.n_members")
    refused(mia_exp(*tiny(folder_dataset), "split=official", cwd=tmp_path), r"split=official.*split=random")


def test_a_checkpoint_that_was_not_kept(folder_dataset: Path, tmp_path: Path) -> None:
    refused(mia_exp(*tiny(folder_dataset), "query.epoch=1", cwd=tmp_path), r"query\.epoch=1.*checkpoint_epochs")


def test_missing_weights_name_both_ways_out(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "features=wide_resnet50_2", "features.weights=none.pth")
    refused(mia_exp(*words, cwd=tmp_path), r"features\.weights=none\.pth: there is no such file")


def test_a_victim_that_is_not_ours(folder_dataset: Path, tmp_path: Path) -> None:
    save_file({"w": np.zeros(1)}, tmp_path / "foreign.safetensors")
    words = tiny(folder_dataset, "victim.weights=foreign.safetensors")
    refused(mia_exp(*words, cwd=tmp_path), r"foreign\.safetensors: not a generator that mia_exp saved")


def test_a_trained_victim_can_be_attacked_from_its_file(folder_dataset: Path, tmp_path: Path) -> None:
    assert mia_exp(*tiny(folder_dataset), cwd=tmp_path).status == 0
    (weights,) = tmp_path.glob("outputs/artifacts/victim/*/generator-0002.safetensors")
    shutil.copy(weights, tmp_path / "victim.safetensors")
    words = tiny(folder_dataset, "victim.weights=victim.safetensors", "output_dir=other")
    assert mia_exp(*words, cwd=tmp_path).status == 0
    assert not list(tmp_path.glob("other/artifacts/victim/*"))
    tables = [
        pd.read_parquet(next(tmp_path.glob(f"{root}/runs/*/*/scores.parquet"))) for root in ("outputs", "other")
    ]
    assert tables[0].equals(tables[1])
    refused(mia_exp(*words, "split.seed=5", cwd=tmp_path), r"victim\.weights=.*trained on other pairs")


HD = ["victim=pix2pixhd", "victim.blocks=1", "victim.downsamplings=2"]


def test_a_label_map_with_colours_that_no_palette_has(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, *HD, "dataset.palette=[[255,255,255],[0,0,0]]", "dataset.inputs=targets")
    outcome = mia_exp(*words, "dataset.targets=inputs", cwd=tmp_path)
    refused(
        outcome,
        r"00\.png: expected a label map in the 2 colours .* \(\d+, \d+, \d+\) in \d+ pixels.*dataset\.palette",
    )
    assert not list(tmp_path.glob("outputs/artifacts/victim/*"))


def test_an_instance_folder_that_is_not_there(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, *HD, "dataset.palette=[[255,255,255],[0,0,0]]", "dataset.instances=nowhere")
    refused(mia_exp(*words, cwd=tmp_path), r"nowhere: expected a folder of images")


def test_photos_without_their_scores(folder_dataset: Path, tmp_path: Path, searched_photos: list[str]) -> None:
    scores = Path(searched_photos[0].partition("=")[2])
    (tmp_path / "more.csv").write_text(scores.read_text() + "\n2012_000001,3.5")
    words = tiny(folder_dataset, "attack=supervised", searched_photos[1], "visual_search.scores=more.csv")
    refused(mia_exp(*words, cwd=tmp_path), r"1 of the 13 photos .* 2012_000001.*visual_search\.allow_missing=true")
    assert not list(tmp_path.glob("outputs/artifacts/victim/*")), "refused before any work"


def test_a_shadow_part_that_is_too_small(folder_dataset: Path, tmp_path: Path) -> None:
    few = ["split.n_members=5", "attack=shadow", "shadow.n_pairs=6", "split.n_shadow=5"]
    refused(mia_exp(*tiny(folder_dataset, *few), cwd=tmp_path), r"split\.n_shadow=5: .* 6 pairs")
    fewer = ["split.n_members=5", "attack=shadow", "shadow.n_pairs=3", "split.n_shadow=3"]
    refused(mia_exp(*tiny(folder_dataset, *fewer), cwd=tmp_path), r"shadow\.n_pairs=3: .*expected 4 or more")
    assert not list(tmp_path.glob("outputs/artifacts/victim/*")), "refused before any work"
    other = [
        "split.n_members=5",
        "attack=shadow",
        "shadow.n_pairs=20",
        "dataset@shadow.dataset=folder",
        f"shadow.dataset.root={folder_dataset}",
    ]
    refused(mia_exp(*tiny(folder_dataset, *other), cwd=tmp_path), r"shadow\.n_pairs=20: .*needs 40 pairs.*found 24")


def test_a_shadow_dataset_with_other_classes(folder_dataset: Path, tmp_path: Path) -> None:
    words = [
        *HD,
        "split.n_members=5",
        "attack=multi_image",
        "shadow.n_pairs=5",
        "dataset.palette=[[255,255,255],[0,0,0]]",
        "dataset@shadow.dataset=folder",
        f"shadow.dataset.root={folder_dataset}",
    ]
    refused(mia_exp(*tiny(folder_dataset, *words), cwd=tmp_path), r"shadow\.dataset=folder: .*other classes")


def test_perceptual_weights_that_do_not_fit(folder_dataset: Path, tmp_path: Path) -> None:
    save_file({"w": np.zeros(1)}, tmp_path / "foreign.safetensors")
    words = tiny(folder_dataset, *HD, "victim.perceptual=vgg19", "victim.perceptual_weights=foreign.safetensors")
    refused(
        mia_exp(*words, cwd=tmp_path), r"victim\.perceptual_weights=foreign\.safetensors: these are not vgg19's"
    )


def test_a_regressor_that_does_not_fit(folder_dataset: Path, tmp_path: Path) -> None:
    save_file({"w": np.zeros(1)}, tmp_path / "foreign.safetensors")
    words = tiny(folder_dataset, "attack=supervised", "attack.regressor=foreign.safetensors")
    refused(mia_exp(*words, cwd=tmp_path), r"foreign\.safetensors: not a regressor that mia_exp saved")
    assert not list(tmp_path.glob("outputs/artifacts/victim/*")), "refused before any work"


def test_divergence_keeps_what_was_made(folder_dataset: Path, tmp_path: Path) -> None:
    outcome = mia_exp(*tiny(folder_dataset), "victim.learning_rate=1e37", cwd=tmp_path)
    refused(outcome, r"training diverged.*victim\.learning_rate")
    assert list(tmp_path.glob("outputs/artifacts/pairs/*/manifest.json"))
    assert not list(tmp_path.glob("outputs/artifacts/victim/*/manifest.json"))


def test_a_failed_job_does_not_stop_the_sweep(folder_dataset: Path, tmp_path: Path) -> None:
    outcome = mia_exp("-m", *tiny(folder_dataset), "victim.learning_rate=1e37,2e-4", cwd=tmp_path)
    refused(outcome, "training diverged")
    assert "victim.learning_rate=1e+37" in outcome.err
    (finished,) = tmp_path.glob("outputs/runs/*/*/*/metrics.json")
    assert finished.parent.name == "1"


def training_started(cwd: Path, process: "Forked | subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while not list(cwd.glob("outputs/artifacts/victim/*.work/resume.ckpt")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "training did not reach its first checkpoint"
        time.sleep(0.05)


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_interrupted_run_resumes_with_the_same_result(
    folder_dataset: Path, tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    words = tiny(folder_dataset, "victim.epochs=40")
    # Ctrl-C ends a process as a shell starts it; to be killed, a fork is as good.
    process = (start if sent == signal.SIGINT else Forked)(*words, cwd=tmp_path)
    training_started(tmp_path, process)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert not list(tmp_path.glob("outputs/artifacts/victim/*/manifest.json"))
    if sent == signal.SIGINT:
        assert "Traceback" not in err and "the same command continues from here" in err
    resumed = mia_exp(*words, cwd=tmp_path)
    assert resumed.status == 0
    assert "training resumes from" in resumed.err
    assert mia_exp(*words, "output_dir=whole", cwd=tmp_path).status == 0
    tables = [
        pd.read_parquet(next(tmp_path.glob(f"{root}/runs/*/*/scores.parquet"))) for root in ("outputs", "whole")
    ]
    assert tables[0].equals(tables[1])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system; needs the right to."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("needs the right to mount a file system, to fill it")
        return folder

    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


@pytest.mark.parametrize("size", ["400k", "2m"])  # full while decoding; full while training
def test_a_full_disk_is_reported_and_space_fixes_it(
    folder_dataset: Path, tmp_path: Path, small_disk: Callable[[str], Path], size: str
) -> None:
    disk = small_disk(size)
    words = tiny(folder_dataset, f"output_dir={disk}")
    refused(mia_exp(*words, cwd=tmp_path), r"the disk .*is full")
    for manifest in disk.glob("artifacts/*/*/manifest.json"):
        assert manifest.stat().st_size > 0
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    assert mia_exp(*words, cwd=tmp_path).status == 0


def test_which_errors_mean_a_full_disk(tmp_path: Path) -> None:
    assert is_disk_full(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), tmp_path)
    assert not is_disk_full(OSError(errno.EACCES, os.strerror(errno.EACCES)), tmp_path)
    assert not is_disk_full(RuntimeError("shapes differ"), tmp_path)
