"""Every experiment file runs at its smoke size, and so does every choice of every group."""

import json
from pathlib import Path

import pytest

from mia_exp.core.conf_folder import CONF
from mia_exp.report.table import print_table
from tests.cli import TINY, mia_exp, tiny

# Sweeps have tests of their own: here, and in tests/reproduce.
EXPERIMENTS = sorted(
    path.stem for path in (CONF / "experiment").glob("*.yaml") if "MULTIRUN" not in path.read_text()
)
ATTACKS = ["reconstruction", "ours", "augmented", "multi_image", "supervised", "shadow"]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_experiment_runs(
    experiment: str, tmp_path: Path, folder_dataset: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIA_EXP_DATA", str(real_data))
    words = [f"experiment={experiment}", *TINY, "split.n_members=10"]
    if experiment == "own_pairs":
        words.append(f"dataset.root={folder_dataset}")
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    (metrics,) = tmp_path.glob("outputs/runs/*/*/metrics.json")
    content = json.loads(metrics.read_text())
    assert content["n_members"] == content["n_nonmembers"] == 10
    assert set(content["attacks"]) == {"l_rec", "l_mem"}
    assert {"l_diff", "brightness", "contrast", "laplacian_energy", "file_size"} <= set(content["blind"])
    assert set(content["deltas"]) == {"l_mem - l_rec"}
    assert content["provenance"]["device"].startswith("CPU")


def test_all_attacks_of_the_paper_end_in_one_table(
    tmp_path: Path, real_data: Path, searched_photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIA_EXP_DATA", str(real_data))
    small = ["split.n_members=10", "split.n_shadow=6", "shadow.n_pairs=6", "victim.epochs=1", "query.batch_size=8"]
    outcome = mia_exp("experiment=all_attacks", *TINY, *small, *searched_photos, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    (folder,) = tmp_path.glob("outputs/runs/all_attacks/*")
    sweep = json.loads((folder / "sweep.json").read_text())
    assert [job["metrics"]["attack"]["kind"] for job in sweep["jobs"]] == ATTACKS and not sweep["missing"]
    lines = (folder / "sweep.md").read_text().splitlines()
    names = ("L_rec", "L_mem", "L_rec,aug", "L_mem,aug", "L_mem,multi", "L_mem,vsd", "shadow classifier")
    for name in (*names, "L_diff", "L_shadow", "L_vsd", "brightness", "file size"):
        rows = [line for line in lines if line.startswith("|") and name in line.split("|")[1].replace("*", "")]
        assert rows and rows[0].count("[") >= 1, f"{name} and an interval"
        assert f"\n{name} " in outcome.out or f"\n{name}\n" in outcome.out
    assert (folder / "sweep.png").stat().st_size > 10_000
    made = [path.parent.parent.name for path in tmp_path.glob("outputs/artifacts/*/*/manifest.json")]
    assert made.count("victim") == made.count("shadow_model") == 1


def test_a_sweep_names_the_job_that_is_missing(tmp_path: Path, folder_dataset: Path) -> None:
    words = tiny(folder_dataset, "split.n_members=5", "visual_search.scores=none.csv", "visual_search.photos=.")
    outcome = mia_exp("-m", *words, "attack=reconstruction,supervised,ours", cwd=tmp_path)
    assert outcome.status == 1 and "none.csv" in outcome.err
    assert "missing job 1:" in outcome.out and "attack=supervised" in outcome.out
    (folder,) = tmp_path.glob("outputs/runs/folder/*")
    sweep = json.loads((folder / "sweep.json").read_text())
    assert [job["job"] for job in sweep["jobs"] if job["metrics"] is not None] == ["0", "2"]
    assert sweep["missing"] == ["1"]


HD = ["victim=pix2pixhd", "victim.blocks=1", "victim.downsamplings=2"]


@pytest.mark.parametrize(
    ("dataset", "victim"),
    [
        ("facades", []),
        ("maps2sat", []),
        ("cityscapes", []),
        ("facades", HD),
        ("maps2sat", HD),
        ("cityscapes", [*HD, "victim.local_enhancer=true", "victim.perceptual=none"]),
    ],
)
def test_real_datasets_run(
    dataset: str, victim: list[str], tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIA_EXP_DATA", str(real_data))
    words = [
        f"dataset={dataset}",
        *victim,
        *TINY,
        "split=official",
        "split.n_members=12",
        "victim.epochs=1",
        "split.n_shadow=3",
    ]
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    (metrics,) = tmp_path.glob("outputs/runs/*/*/metrics.json")
    content = json.loads(metrics.read_text())
    assert content["dataset"] == dataset
    assert content["split"]["members"] == 12 and content["split"]["shadow_test"] == 3


@pytest.mark.parametrize("victim", [[], HD])
def test_faces_run(victim: list[str], tmp_path: Path, real_data: Path) -> None:
    words = ["dataset=celeba", f"dataset.root={real_data / 'celeba'}", *victim, *TINY, "victim.epochs=1"]
    outcome = mia_exp(*words, "split.n_members=10", cwd=tmp_path)
    assert outcome.status == 0, outcome.err


def test_the_plan_says_what_is_cached_and_leaves_nothing(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset)
    first = mia_exp(*words, "dry_run=true", cwd=tmp_path)
    assert first.status == 0, first.err
    assert first.out.count("to be made") == 9 and "cached (" not in first.out
    assert not list(tmp_path.rglob("*.json")) and not list(tmp_path.glob("outputs/runs/*/*"))
    assert mia_exp(*words, cwd=tmp_path).status == 0
    again = mia_exp(*words, "query.mode=stochastic", "dry_run=true", cwd=tmp_path)
    assert again.out.count("cached (") == 7 and again.out.count("to be made") == 2


def test_a_plan_downloads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIA_EXP_DATA", raising=False)
    url = "dataset.archive_url=http://localhost:9/facades.tar.gz"
    outcome = mia_exp("dataset=facades", url, "dry_run=true", cwd=tmp_path)
    assert outcome.status == 1
    assert "a run would fetch http://localhost:9/facades.tar.gz to data/facades" in outcome.err
    assert not (tmp_path / "data").exists()


def test_wandb_runs_offline_one_run_a_job(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    monkeypatch.setenv("WANDB_SILENT", "true")
    words = [*tiny(folder_dataset), "logger=wandb", "victim.learning_rate=1e37,2e-4"]
    outcome = mia_exp("-m", *words, cwd=tmp_path)
    assert outcome.status == 1  # the first job diverges
    assert wandb.run is None, "a run was left open"
    assert len(list(tmp_path.glob("outputs/runs/*/*/*/wandb/offline-run-*"))) == 2


def test_wandb_is_not_imported_without_need(folder_dataset: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['wandb'] = None; sys.argv = ['mia-exp', *sys.argv[1:]];"
        "from mia_exp.__main__ import main; main()"
    )
    words = tiny(folder_dataset)
    result = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_help_can_be_read(tmp_path: Path) -> None:
    outcome = mia_exp("--help", cwd=tmp_path)
    assert outcome.status == 0
    groups = ("dataset: bdd100k, celeba, cityscapes", "experiment: all_attacks, demo")
    for word in ("Usage", "Examples", "dry_run=true", *groups):
        assert word in outcome.out


def test_the_table_of_a_run_can_be_printed_again(folder_dataset: Path, tmp_path: Path) -> None:
    outcome = mia_exp(*tiny(folder_dataset), cwd=tmp_path)
    (metrics,) = tmp_path.glob("outputs/runs/*/*/metrics.json")
    import io

    from rich.console import Console

    text = io.StringIO()
    print_table(json.loads(metrics.read_text()), Console(file=text, width=80))
    assert text.getvalue().split() == outcome.out.split()[: len(text.getvalue().split())]
