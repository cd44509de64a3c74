"""What was computed once is not computed again, and the same settings give the same numbers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mia_exp.config.compose import compose_run
from mia_exp.core import artifacts
from mia_exp.data import Split
from mia_exp.data.store import PairStore
from mia_exp.pipeline import Pipeline
from tests.cli import mia_exp, tiny

# The stages that do not query a model.
BLIND = {"difficulty", "blind", "descriptors", "nearest_members"}


def planned(dataset: Path, *more: str) -> dict[str, str]:
    pipeline = Pipeline(compose_run(tiny(dataset, *more)))
    return {name: stage.key for name, stage in pipeline.stages.items()}


def jobs(cwd: Path) -> list[Path]:
    return sorted(path.parent for path in cwd.glob("outputs/runs/**/metrics.json"))


def manifests(cwd: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in cwd.glob("outputs/artifacts/*/*/manifest.json")}


@pytest.fixture(scope="module")
def swept(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.mktemp("sweep")
    outcome = mia_exp("-m", *tiny(folder_dataset), "attack.alpha=0,0.25,0.5,1,2,4", cwd=cwd)
    assert outcome.status == 0, outcome.err
    return cwd


def test_a_sweep_over_alpha_trains_queries_and_scores_once(swept: Path) -> None:
    assert len(jobs(swept)) == 6
    made = [path.parent.parent.name for path in manifests(swept)]
    stages = [
        "blind",
        "descriptors",
        "difficulty",
        "nearest_members",
        "pairs",
        "pairs",
        "queries",
        "reconstruction",
        "split",
        "victim",
    ]
    assert sorted(made) == stages


def test_each_job_has_its_own_alpha(swept: Path) -> None:
    for job, alpha in zip(jobs(swept), (0, 0.25, 0.5, 1, 2, 4), strict=True):
        scores = pd.read_parquet(job / "scores.parquet")
        assert np.allclose(scores["l_mem"], scores["l_rec"] - alpha * scores["l_diff"])
        metrics = json.loads((job / "metrics.json").read_text())
        assert metrics["attack"]["alpha"] == alpha


def test_metrics_are_those_of_scikit_learn_on_the_score_table(swept: Path) -> None:
    split = Split.from_json(next(swept.glob("outputs/artifacts/split/*/split.json")).read_text())
    members, nonmembers = split.evaluated()
    for job in jobs(swept):
        scores = pd.read_parquet(job / "scores.parquet").set_index("id")
        assert sorted(scores.index) == sorted((*members, *nonmembers))
        statistics = {"brightness", "contrast", "laplacian_energy", "file_size"}
        assert set(scores.columns) == {"l_rec", "l_diff", "l_mem", "l_mem_slope", *statistics}, (
            "a score table never holds a label"
        )
        labels = scores.index.isin(members)
        metrics = json.loads((job / "metrics.json").read_text())
        for column in ("l_rec", "l_mem"):
            expected = roc_auc_score(labels, -scores[column])
            assert metrics["attacks"][column]["auc"] == pytest.approx(expected, abs=1e-12)
        for column in statistics:
            expected = roc_auc_score(labels, scores[column])
            assert metrics["blind"][column]["auc"] == pytest.approx(expected, abs=1e-12)
        # 12 non-members are too few for any rate that was asked for.
        assert metrics["attacks"]["l_rec"]["tpr_at_fpr"] == {"0.01": None, "0.001": None}


def test_running_again_makes_nothing_anew(swept: Path, folder_dataset: Path, tmp_path: Path) -> None:
    before = manifests(swept)
    # A folder of its own: the sweep stays as it is for other tests.
    outcome = mia_exp(*tiny(folder_dataset, f"hydra.run.dir={tmp_path}/again"), cwd=swept)
    assert outcome.status == 0, outcome.err
    assert manifests(swept) == before
    assert {path.name for path in (tmp_path / "again").iterdir()} >= {
        "config.yaml",
        "scores.parquet",
        "metrics.json",
        "figures",
        "report.html",
        "run.log",
        "csv",
    }


def test_same_settings_same_numbers_to_the_bit(swept: Path, folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "attack.alpha=4", "query.batch_size=7")
    assert mia_exp(*words, cwd=tmp_path).status == 0
    first, second = (pd.read_parquet(path / "scores.parquet") for path in (jobs(swept)[5], jobs(tmp_path)[0]))
    assert first.equals(second)


def test_scores_do_not_depend_on_the_scoring_batch(swept: Path, folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "difficulty.batch_size=5", "attack.alpha=4")
    assert mia_exp(*words, cwd=tmp_path).status == 0
    first, second = (pd.read_parquet(path / "scores.parquet") for path in (jobs(swept)[5], jobs(tmp_path)[0]))
    for column in ("l_rec", "l_diff", "l_mem"):
        assert first[column].to_numpy() == pytest.approx(second[column].to_numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("trainer.num_workers=3", set()),
        ("query.batch_size=3", set()),
        ("difficulty.batch_size=3", set()),
        ("attack.alpha=3", set()),
        ("evaluation.seed=3", set()),
        ("logger=wandb", set()),
        ("output_dir=elsewhere", set()),
        ("difficulty.fitted_share=0.5", {"difficulty"}),
        ("difficulty.source=input", {"difficulty"}),
        # The victim's own size, and another.
        ("difficulty.image_size=64", set()),
        ("difficulty.image_size=48", {"difficulty"}),
        ("difficulty.source=input_to_target", {"difficulty"}),
        ("features=wide_resnet50_2", {"difficulty", "descriptors", "nearest_members"}),
        ("query.mode=stochastic", {"queries", "reconstruction"}),
        ("victim.learning_rate=1e-3", {"victim", "queries", "reconstruction"}),
        ("victim.augment=false", {"victim", "queries", "reconstruction", "victim_training_pairs"}),
        # All pairs are evaluated under either seed, so what does not depend on membership stays.
        ("split.seed=3", {"split", "victim", "queries", "reconstruction", "nearest_members"}),
        ("split.n_members=5", {"split", "victim", "queries", "reconstruction", *BLIND}),
        (
            "victim.image_size=128",
            {"pairs", "victim_training_pairs", "victim", "queries", "reconstruction", *BLIND},
        ),
    ],
)
def test_keys_follow_what_decides_a_result(folder_dataset: Path, setting: str, changed: set[str]) -> None:
    before, after = planned(folder_dataset), planned(folder_dataset, setting)
    assert {name for name in before if before[name] != after[name]} == changed


def test_a_sweep_over_epochs_reads_checkpoints_of_one_run(folder_dataset: Path) -> None:
    words = ("victim.checkpoint_epochs=[1]", "query.epoch=1"), ("victim.checkpoint_epochs=[1]",)
    first, last = (planned(folder_dataset, *more) for more in words)
    assert first["victim"] == last["victim"]
    assert first["queries"] != last["queries"]


def test_keys_follow_the_content_not_the_place(folder_dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder_dataset, copy)
    assert planned(copy) == planned(folder_dataset)
    image = copy / "targets" / "03.png"
    shutil.copy(copy / "targets" / "04.png", image)
    assert planned(copy)["pairs"] != planned(folder_dataset)["pairs"]


def test_a_changed_artifact_is_refused_by_name(folder_dataset: Path, tmp_path: Path) -> None:
    assert mia_exp(*tiny(folder_dataset), cwd=tmp_path).status == 0
    outputs = next(tmp_path.glob("outputs/artifacts/queries/*/v.npy"))
    content = bytearray(outputs.read_bytes())
    content[-1] ^= 1
    outputs.write_bytes(content)
    artifacts._verify_checksums.cache_clear()  # another process would not have looked at it yet
    outcome = mia_exp(*tiny(folder_dataset), cwd=tmp_path)
    assert outcome.status == 1
    assert "v.npy: changed or lost since it was published" in outcome.err


def test_weighting_by_difficulty_trains_another_victim_on_the_members_difficulty(
    folder_dataset: Path, tmp_path: Path
) -> None:
    words = tiny(folder_dataset, "victim.difficulty_weighting=true", "split.n_members=6")
    plain = planned(folder_dataset, "split.n_members=6")
    weighted = planned(folder_dataset, "split.n_members=6", "victim.difficulty_weighting=true")
    changed = {name for name in plain if plain[name] != weighted[name]}
    assert changed == {"victim", "queries", "reconstruction"}
    assert mia_exp(*words, cwd=tmp_path).status == 0
    (split,) = tmp_path.glob("outputs/artifacts/split/*/split.json")
    members = Split.from_json(split.read_text()).members
    (victim,) = tmp_path.glob("outputs/artifacts/victim/*/manifest.json")
    inputs = json.loads(victim.read_text())["inputs"]
    columns = pd.read_parquet(
        tmp_path / "outputs/artifacts/difficulty" / inputs["difficulty"][:20] / "columns.parquet"
    )
    assert tuple(columns["id"]) == members


def test_a_larger_shadow_part_keeps_the_victim(folder_dataset: Path) -> None:
    few = planned(folder_dataset, "split.n_members=5", "split.n_shadow=2")
    many = planned(folder_dataset, "split.n_members=5", "split.n_shadow=6")
    assert few["victim"] == many["victim"] and few["split"] != many["split"]


def test_sigma_changes_the_outputs_and_not_the_victim(folder_dataset: Path) -> None:
    none, low, high = (
        planned(folder_dataset, *more) for more in ((), ("defense=gauss",), ("defense=gauss", "defense.sigma=0.2"))
    )
    assert none["victim"] == low["victim"] == high["victim"]
    assert none["queries"] == low["undefended_queries"] == high["undefended_queries"]
    assert len({plan["queries"] for plan in (none, low, high)}) == 3


def test_a_saved_regressor_gives_the_same_scores(
    folder_dataset: Path, tmp_path: Path, searched_photos: list[str]
) -> None:
    words = tiny(folder_dataset, "attack=supervised", "attack.folds=2")
    assert mia_exp(*words, *searched_photos, "name=fitted", cwd=tmp_path).status == 0
    (fitted,) = tmp_path.glob("outputs/artifacts/regressor/*/regressor.safetensors")
    shutil.copy(fitted, tmp_path / "mine.safetensors")
    outcome = mia_exp(*words, "attack.regressor=mine.safetensors", "name=given", cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    tables = [
        pd.read_parquet(next(tmp_path.glob(f"outputs/runs/{name}/*/scores.parquet")))
        for name in ("fitted", "given")
    ]
    assert tables[0].equals(tables[1])


def test_the_augmented_score_of_a_victim_that_returns_its_input(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mia_exp.data.store import PairStore

    monkeypatch.setattr("mia_exp.victims.query.black_box", lambda generator, config, device: lambda x: x)
    for kinds, name in (("[flip]", "flip"), ("[flip,crop]", "both")):
        words = tiny(folder_dataset, "attack=augmented", f"attack.kinds={kinds}", f"name={name}")
        assert mia_exp(*words, f"output_dir={name}", cwd=tmp_path).status == 0
    (flipped,), (both,) = (tmp_path.glob(f"{name}/runs/*/*/scores.parquet") for name in ("flip", "both"))
    scores = pd.read_parquet(flipped)
    folders = [path.parent for path in tmp_path.glob("flip/artifacts/pairs/*/x.npy")]
    (store,) = [store for store in map(PairStore.open, folders) if store.size == 64]
    rows = store.rows(scores["id"].tolist())
    # V(x) = x: the error is that of x itself, and a mirrored pair has the same.
    expected = np.abs(store.x[rows].astype(float) - store.y[rows]).mean((1, 2, 3)) / 255
    assert scores["l_rec"].to_numpy() == pytest.approx(expected, abs=1e-12)
    assert scores["l_rec_aug"].to_numpy() == pytest.approx(expected, abs=1e-12)
    # Crops leave a rim out, so they are near it and not the same.
    cropped = pd.read_parquet(both)["l_rec_aug"].to_numpy()
    assert not np.allclose(cropped, expected) and np.corrcoef(cropped, expected)[0, 1] > 0.9


def test_perceptual_weights_enter_by_content(folder_dataset: Path, tmp_path: Path) -> None:
    def victim(content: str, name: str) -> str:
        (tmp_path / name).write_text(content)
        words = ("victim=pix2pixhd", "victim.perceptual=vgg19", f"victim.perceptual_weights={tmp_path / name}")
        return planned(folder_dataset, *words)["victim"]

    assert victim("a", "one.pth") == victim("a", "other.pth")
    assert victim("a", "one.pth") != victim("b", "one.pth")


def test_pairs_that_are_read_one_by_one_are_opened_once(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = Pipeline(compose_run(tiny(folder_dataset, f"output_dir={tmp_path}"))).evidence
    opened: list[Path] = []
    monkeypatch.setattr(PairStore, "open", lambda folder: opened.append(folder) or PairStore(folder))
    targets = np.stack([evidence.pairs.y_at(id) for id in evidence.ids])
    assert np.array_equal(targets, evidence.pairs.y(evidence.ids)) and len({y.tobytes() for y in targets}) > 1
    inputs, _ = evidence.pairs.batch(evidence.ids[:1])
    assert np.array_equal((inputs[0] * 255).round().byte().permute(1, 2, 0), evidence.pairs.x_at(evidence.ids[0]))
    assert len(opened) == 1
