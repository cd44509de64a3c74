"""Experiments that are one run, all attacks in one sweep, and every real dataset, at a size of seconds."""

import json
from pathlib import Path

import pytest

from mia_exp.core.conf_folder import CONF
from tests.cli import TINY, mia_exp, tiny
from tests.conftest import draw_pair

# Sweeps are composed and checked in tests/config and tests/reproduce; all attacks are swept below.
EXPERIMENTS = sorted(
    path.stem for path in (CONF / "experiment").glob("*.yaml") if "sweeper:" not in path.read_text()
)
ATTACKS = ["reconstruction", "ours", "augmented", "multi_image", "supervised", "shadow"]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_experiment_runs(
    experiment: str, tmp_path: Path, folder_dataset: Path, drawn_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIA_EXP_DATA", str(drawn_data))
    words = [f"experiment={experiment}", *TINY, "split.n_members=10"]
    if experiment == "own_pairs":
        words.append(f"dataset.root={folder_dataset}")
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    (metrics,) = tmp_path.glob("outputs/runs/*/*/metrics.json")
    content = json.loads(metrics.read_text())
    assert content["n_members"] == content["n_nonmembers"] == 10
    assert set(content["attacks"]) == {"l_rec", "l_mem", "l_mem_slope"}
    assert {"l_diff", "brightness", "contrast", "laplacian_energy", "file_size"} <= set(content["blind"])
    assert set(content["deltas"]) == {"l_mem - l_rec", "l_mem_slope - l_rec"}
    assert content["provenance"]["device"].startswith("CPU")


def test_all_attacks_of_the_paper_end_in_one_table(
    tmp_path: Path, drawn_data: Path, searched_photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIA_EXP_DATA", str(drawn_data))
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
    ("dataset", "folder", "victim"),
    [
        pytest.param(dataset, folder, victim, marks=pytest.mark.real_data(folder))
        for dataset, folder, victim in (
            ("facades", "facades", []),
            ("maps2sat", "maps", []),
            ("cityscapes", "cityscapes", []),
            ("facades", "facades", HD),
            ("maps2sat", "maps", HD),
            ("cityscapes", "cityscapes", [*HD, "victim.local_enhancer=true", "victim.perceptual=none"]),
        )
    ],
)
def test_real_datasets_run(
    dataset: str, folder: str, victim: list[str], tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some of its pairs: decoding them all takes a minute, and tests of the readers look at more.
    for partition in (real_data / folder).iterdir():
        (tmp_path / "some" / folder / partition.name).mkdir(parents=True)
        for file in sorted(partition.iterdir())[:40]:
            (tmp_path / "some" / folder / partition.name / file.name).symlink_to(file)
    monkeypatch.setenv("MIA_EXP_DATA", str(tmp_path / "some"))
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


@pytest.mark.real_data("celeba")
@pytest.mark.parametrize("victim", [[], HD])
def test_faces_run(victim: list[str], tmp_path: Path, real_data: Path) -> None:
    words = ["dataset=celeba", f"dataset.root={real_data / 'celeba'}", *victim, *TINY, "victim.epochs=1"]
    outcome = mia_exp(*words, "split.n_members=10", cwd=tmp_path)
    assert outcome.status == 0, outcome.err


def test_faces_and_photos_of_their_datasets_sizes_can_be_planned_at_the_papers_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MIA_EXP_DATA", str(tmp_path))
    names = [f"{number + 1:06d}.jpg" for number in range(12)]
    sizes = {f"celeba/img_align_celeba/{name}": (178, 218) for name in names}
    # ImageNet's photos are usually about 500 x 375, and some of them smaller than 256.
    sizes |= {f"imagenet/train/n01/{number}.JPEG": (500, 375 - 30 * (number % 5)) for number in range(10)}
    sizes |= {f"imagenet/val/{number}.JPEG": (500, 375) for number in range(4)}
    for number, (name, size) in enumerate(sizes.items()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        draw_pair(number)[1].resize(size).save(tmp_path / name)
    rows = [",".join([name, *(str(50 + point % 60) for point in range(136))]) for name in names]
    (tmp_path / "celeba" / "landmarks_68.csv").write_text("\n".join(rows))
    words = ["experiment=fig12", "scale=paper", "split.n_members=4", "split.n_shadow=0", "dry_run=true"]
    faces = mia_exp(*words, cwd=tmp_path)
    assert faces.status == 0, faces.err
    assert "12 pairs at 160" in " ".join(faces.out.replace("\u2502", " ").split())
    photos = mia_exp("experiment=fig14", "scale=paper", "dry_run=true", cwd=tmp_path)
    assert photos.status == 0, photos.err
    assert "2 of 14 pairs have an image smaller than 256x256" in caplog.text
    assert "official: 8 members, 4 non-members" in " ".join(photos.out.replace("\u2502", " ").split())
