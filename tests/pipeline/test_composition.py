"""Every victim meets every attack, and every defense every attack: one tiny job each, on the embedded drawings."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mia_exp.config.compose import compose_run
from mia_exp.pipeline import Pipeline
from tests.cli import mia_exp, tiny
from tests.discovery import choices
from tests.pipeline.conftest import BY_ATTACK, BY_VICTIM, SMALL

STATISTICS = {"l_diff", "brightness", "contrast", "laplacian_energy", "file_size"}


def declared(attack: str) -> tuple[set[str], set[str]]:
    """The attack's own columns, and what is blind about it."""
    [cls] = [choice.cls for choice in choices("attack") if choice.name == attack]
    columns = cls.columns  # type: ignore[attr-defined]
    return (
        {"l_rec", *(column.name for column in columns if not column.blind)},
        {column.name for column in columns if column.blind},
    )


def job(cwd: Path, *words: str) -> tuple[dict[str, object], Path]:
    before = set(cwd.glob("outputs/runs/*/*"))
    outcome = mia_exp(*SMALL, f"name=job{len(before)}", *words, cwd=cwd)
    assert outcome.status == 0, outcome.err
    (folder,) = set(cwd.glob("outputs/runs/*/*")) - before
    return json.loads((folder / "metrics.json").read_text()), folder


def planned(*words: str) -> dict[str, str]:
    """The keys of a job's stages."""
    return {name: stage.key for name, stage in Pipeline(compose_run([*SMALL, *words])).stages.items()}


def check(metrics: dict[str, object], folder: Path, attack: str) -> None:
    attacks, blind = declared(attack)
    assert set(metrics["attacks"]) == attacks  # type: ignore[arg-type]
    assert set(metrics["blind"]) == STATISTICS | blind  # type: ignore[arg-type]
    assert metrics["headline"] in attacks
    scores = pd.read_parquet(folder / "scores.parquet").set_index("id")
    assert len(scores) == 10 and np.isfinite(scores).all().all()
    # The columns that do not query the victim are there too, and nothing else: in particular no label.
    assert set(scores.columns) == attacks | STATISTICS | blind
    for figure in ("roc", "histograms"):
        assert (folder / "figures" / f"{figure}.png").stat().st_size > 1000


@pytest.mark.parametrize(("victim", "attack"), list(product(BY_VICTIM, BY_ATTACK)))
def test_victim_meets_attack(victim: str, attack: str, shared_folder: Path, searched_photos: list[str]) -> None:
    words = [*BY_VICTIM[victim], f"attack={attack}", *BY_ATTACK[attack], *searched_photos]
    metrics, folder = job(shared_folder, *words)
    assert metrics["victim"]["kind"] == victim  # type: ignore[index]
    assert metrics["damage"] is None
    check(metrics, folder, attack)
    # What was made is what another attack on this victim asks for.
    assert metrics["provenance"]["keys"]["victim"] == planned(*BY_VICTIM[victim])["victim"]  # type: ignore[index]


@pytest.mark.parametrize("attack", list(BY_ATTACK))
def test_defense_meets_attack(attack: str, shared_folder: Path, searched_photos: list[str]) -> None:
    words = ["defense=gauss", f"attack={attack}", *BY_ATTACK[attack], *searched_photos]
    metrics, folder = job(shared_folder, *words)
    check(metrics, folder, attack)
    assert metrics["provenance"]["keys"]["victim"] == planned()["victim"]  # type: ignore[index]
    damage = metrics["damage"]
    assert damage["n"] == 10  # type: ignore[index]
    # Noise of 0.1 is 20 dB, a little more where it is clamped; and it moves outputs away from the target.
    assert 19 < damage["outputs"]["psnr"] < 24  # type: ignore[index]
    assert damage["defended"]["ssim"] < damage["undefended"]["ssim"]  # type: ignore[index]


@pytest.mark.parametrize("victim", list(BY_VICTIM))
def test_one_victim_and_one_shadow_model_serve_all_attacks_and_defenses(
    victim: str, searched_photos: list[str]
) -> None:
    plans = [
        planned(*BY_VICTIM[victim], f"defense={defense.name}", f"attack={attack}", *more, *searched_photos)
        for defense, (attack, more) in product(choices("defense"), BY_ATTACK.items())
    ]
    assert len({plan["victim"] for plan in plans}) == 1
    shadows = [plan["shadow_model"] for plan in plans if "shadow_model" in plan]
    assert len(shadows) == 2 * len(choices("defense")) and len(set(shadows)) == 1


def test_difficulty_needs_no_victim(shared_folder: Path) -> None:
    outcome = mia_exp(
        "victim=none",
        "victim.image_size=64",
        "attack=difficulty",
        "split.n_members=5",
        "evaluation.bootstrap=100",
        "name=none",
        cwd=shared_folder,
    )
    assert outcome.status == 0, outcome.err
    (path,) = shared_folder.glob("outputs/runs/none/*/metrics.json")
    metrics = json.loads(path.read_text())
    assert set(metrics["attacks"]) == {"l_diff"} and set(metrics["blind"]) == STATISTICS - {"l_diff"}
    assert metrics["victim"]["kind"] == "none"


@pytest.mark.parametrize("source", ["target", "input", "input_to_target"])
def test_targets_without_difficulty_weigh_nothing(source: str, tmp_path: Path) -> None:
    for folder in ("inputs", "targets"):
        (tmp_path / folder).mkdir()
        for number in range(8):
            Image.new("RGB", (64, 64), (20 * number, 9, 90)).save(tmp_path / folder / f"{number}.png")
    words = tiny(tmp_path, "victim.difficulty_weighting=true", f"difficulty.source={source}")
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 1
    assert "error: victim.difficulty_weighting=true: L_diff is zero for all 4 training pairs" in outcome.err
    assert "Traceback" not in outcome.err


def test_everything_composes_with_everything() -> None:
    datasets = [choice for choice in choices("dataset") if choice.cls.has_inputs]  # type: ignore[attr-defined]
    victims = [choice for choice in choices("victim") if choice.cls.queryable]  # type: ignore[attr-defined]
    attacks = [choice for choice in choices("attack") if choice.cls.queries_victim]  # type: ignore[attr-defined]
    assert {choice.name for choice in attacks} == set(BY_ATTACK), "an attack without a test"
    assert {choice.name for choice in victims} == set(BY_VICTIM), "a victim without a test"
    defenses = choices("defense")
    for places in product(*(enumerate(group) for group in (datasets, victims, attacks))):
        # Defenses take turns, so that each meets any two of the others.
        defense = defenses[sum(place for place, _ in places) % len(defenses)]
        group = [*(choice for _, choice in places), defense]
        config = compose_run([f"{choice.group}={choice.name}" for choice in group] + ["split.n_shadow=100"])
        for choice in group:
            assert type(getattr(config, choice.group)) is choice.cls


@pytest.mark.parametrize("attack", ["multi_image", "shadow"])
def test_a_shadow_model_can_be_trained_on_another_dataset(
    attack: str, shared_folder: Path, folder_dataset: Path
) -> None:
    words = [f"attack={attack}", "dataset@shadow.dataset=folder", f"shadow.dataset.root={folder_dataset}"]
    metrics, folder = job(shared_folder, *words, *BY_ATTACK[attack], "split.n_shadow=0")
    check(metrics, folder, attack)
    assert metrics["attack_details"]["shadow dataset"] == "folder"  # type: ignore[index]
    # The drawings' own shadow model was trained on drawings: this is another one.
    manifests = [
        json.loads(path.read_text()) for path in shared_folder.glob("outputs/artifacts/shadow_model/*/m*.json")
    ]
    here = metrics["provenance"]["keys"]["shadow_model"]  # type: ignore[index]
    assert here != planned(f"attack={attack}", *BY_ATTACK[attack])["shadow_model"]
    assert here in [manifest["key"] for manifest in manifests]
