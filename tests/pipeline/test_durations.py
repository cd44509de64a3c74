"""The run times in a plan, computed by hand from stages of the same kind."""

import json
from pathlib import Path

import pytest

from mia_exp.config.compose import compose_run
from mia_exp.core.artifacts import ArtifactStore, Stage
from mia_exp.pipeline import Pipeline
from mia_exp.pipeline.durations import Timed, expected_seconds, in_all, planned_seconds
from tests.cli import mia_exp, tiny

GPU, CPU = "CUDA (some card)", "CPU (x86_64, 2 threads)"
# 1,000 and 3,000 pairs times epochs took 50 and 110 s: 0.04 s each.
DONE = [
    Timed("small", CPU, 1000, 50),
    Timed("small", CPU, 3000, 110),
    Timed("small", GPU, 1000, 1),
    Timed("large", CPU, 1000, 400),
]


@pytest.mark.parametrize(
    ("kind", "device", "work", "seconds"),
    [
        # 500 pairs, 40 epochs.
        ("small", CPU, 20000, 800),
        ("small", GPU, 20000, 20),
        ("large", CPU, 500, 200),
        ("large", GPU, 500, None),
        ("huge", CPU, 500, None),
    ],
)
def test_as_much_work_of_a_kind_takes_as_long(kind: str, device: str, work: float, seconds: float | None) -> None:
    assert expected_seconds(kind, device, work, DONE) == (None if seconds is None else pytest.approx(seconds))


def test_a_stage_that_had_nothing_to_do_says_nothing() -> None:
    assert expected_seconds("none", CPU, 5, [Timed("none", CPU, 0, 3)]) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([800.0, 25.0], "about 14 min"),
        ([20.0, None], "about 20 s and 1 stage of unknown length"),
        ([None, None], "2 stages of unknown length"),
        ([], ""),
    ],
)
def test_the_whole_is_the_sum_of_what_is_known(seconds: list[float | None], words: str) -> None:
    assert in_all(seconds) == words


def opened(dataset: Path, folder: Path, *words: str) -> Pipeline:
    return Pipeline(compose_run(tiny(dataset, f"output_dir={folder}", *words)))


def record(store: ArtifactStore, stage: Stage, **more: object) -> Path:
    """Leaves the record of a stage, as if it had been made."""
    inputs = {part: other.key for part, other in stage.inputs.items()}
    path = store.folder(stage) / "manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(stage._identity()))
    path.write_text(json.dumps({**plain, "inputs": inputs, "device": store.device, "work": stage.work, **more}))
    return path


@pytest.fixture
def made(folder_dataset: Path, tmp_path: Path) -> Pipeline:
    """8 members in 2 epochs took 32 s: 2 s a pair and epoch; 16 images were queried and scored in 8 and 4 s."""
    pipeline = opened(folder_dataset, tmp_path, "split.n_members=8")
    stages = pipeline.stages
    for name, seconds in {
        "victim_training_pairs": 6.0,
        "pairs": 6.0,
        "victim": 32.0,
        "queries": 8.0,
        "reconstruction": 1.6,
        "difficulty": 4.0,
    }.items():
        record(pipeline.store, stages[name], seconds=seconds)
    return pipeline


def planned(pipeline: Pipeline) -> dict[str, float | None]:
    seconds = planned_seconds(list(pipeline.stages.values()), pipeline.store)
    return {name: seconds[stage.key] for name, stage in pipeline.stages.items() if stage.key in seconds}


def test_a_training_takes_in_proportion_to_pairs_and_epochs(
    made: Pipeline, folder_dataset: Path, tmp_path: Path
) -> None:
    found = planned(opened(folder_dataset, tmp_path, "split.n_members=10", "victim.epochs=6", "victim.seed=3"))
    # 10 pairs, 6 epochs; 20 images at half a second, a tenth, and a quarter each.
    assert found["victim"] == pytest.approx(120)
    assert found["queries"] == pytest.approx(10)
    assert found["reconstruction"] == pytest.approx(2)
    assert found["difficulty"] == pytest.approx(5)
    # No such stage was made, and pairs are there.
    assert found["blind"] is None and "pairs" not in found


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (["victim.learning_rate=1e-3"], {"victim", "queries", "reconstruction"}),
        (["victim.ngf=8"], {"reconstruction"}),
        (["victim.batch_size=2"], {"reconstruction"}),
        (["query.mode=stochastic"], {"reconstruction"}),
        (["defense=gauss", "defense.sigma=0.1"], {"reconstruction"}),
        (["victim.image_size=128"], set()),
        (["difficulty.working_size=32"], set()),
        (["difficulty.seed=1"], {"difficulty"}),
    ],
)
def test_only_what_is_of_the_same_kind_is_compared(
    words: list[str], known: set[str], made: Pipeline, folder_dataset: Path, tmp_path: Path
) -> None:
    found = planned(opened(folder_dataset, tmp_path, "split.n_members=8", *words))
    timed = {"victim", "queries", "reconstruction", "difficulty"}
    assert {name for name in timed & found.keys() if found[name] is not None} == known


def test_a_shadow_model_takes_as_long_as_a_victim(made: Pipeline, folder_dataset: Path, tmp_path: Path) -> None:
    words = ["attack=multi_image", "split.n_shadow=4", "shadow.n_pairs=4", "split.n_members=8"]
    found = planned(opened(folder_dataset, tmp_path, *words))
    assert found["shadow_model"] == pytest.approx(4 * 2 * 2)


def test_another_device_or_a_damaged_record_says_nothing(
    made: Pipeline, folder_dataset: Path, tmp_path: Path
) -> None:
    record(made.store, made.stages["victim"], seconds=32.0, device=GPU)
    record(made.store, made.stages["difficulty"], seconds="much")
    (made.store.folder(made.stages["queries"]) / "manifest.json").write_text("{")
    found = planned(opened(folder_dataset, tmp_path, "split.n_members=8", "victim.seed=4", "difficulty.seed=4"))
    assert found["victim"] is found["difficulty"] is found["queries"] is None


def test_a_record_that_tells_of_no_work_says_nothing(made: Pipeline, folder_dataset: Path, tmp_path: Path) -> None:
    """An earlier version left none: how many pairs it trained on is in no setting."""
    path = record(made.store, made.stages["victim"], seconds=32.0)
    old = json.loads(path.read_text())
    del old["work"]
    path.write_text(json.dumps(old))
    assert planned(opened(folder_dataset, tmp_path, "split.n_members=8", "victim.seed=4"))["victim"] is None


def test_a_plan_says_what_each_stage_and_the_whole_will_take(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset)
    first = mia_exp(*words, "dry_run=true", cwd=tmp_path)
    assert first.status == 0, first.err
    assert "about" not in first.out and "stages of unknown length" in first.out
    assert mia_exp(*words, cwd=tmp_path).status == 0
    [path] = tmp_path.glob("outputs/artifacts/victim/*/manifest.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "seconds": 600.0}))
    again = mia_exp(*words, "victim.epochs=6", "dry_run=true", cwd=tmp_path)
    # Three times the epochs; what else there is takes seconds.
    [row] = [line for line in again.out.splitlines() if line.startswith("│ victim ") and "to be made" in line]
    assert "about 30 min" in row
    [whole] = [line for line in again.out.splitlines() if line.startswith("takes ")]
    assert whole.split("   ")[1].startswith("about 30 min")
    assert "unknown" not in whole


def test_a_plan_shows_the_pairs_that_variants_are_cut_from(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, "attack=augmented", "victim.augment=false", "dry_run=true")
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    # 64 * 286 / 256, of which the victim's own training asks for none without augmentation.
    assert "pairs at 72" in " ".join(outcome.out.split()) or "pairs at 72 px" in outcome.out
