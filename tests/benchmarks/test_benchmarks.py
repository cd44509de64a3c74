"""The benchmarks run at their smallest size, so that they can't rot; no test looks at the clock."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer
from mia_exp.benchmarks import (
    difficulty_speed,
    evaluation,
    fleet,
    growth,
    misalignment,
    queries,
    sweep_speed,
    training_speed,
)
from mia_exp.benchmarks.performance_tables import write_tables
from mia_exp.data.store import PairStore
from mia_exp.data.tensors import to_tensor
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.victim import TrainedVictim
from tests.cli import mia_exp
from tests.conftest import draw_pair


def test_difficulty_benchmark_compares_equal_scores(tmp_path: Path) -> None:
    difficulty_speed.run(tmp_path, batch_sizes=(1,), repeats=1)
    result = json.loads((tmp_path / "difficulty.json").read_text())
    assert result["largest_relative_error"] < 1e-4
    # float32 keeps seven digits, of which a fit of 3840 columns costs some: another fit than float64's.
    assert result["largest_relative_error"] < result["largest_relative_error_of_float32"] < 0.05
    assert result["device"].startswith("CPU")


def test_misalignment_benchmark_scores_drawings_by_every_definition(tmp_path: Path) -> None:
    # No other dataset is on this machine.
    [result] = misalignment.run(tmp_path, pairs=2)["datasets"]
    assert (result["dataset"], result["pairs"]) == ("openmoji", 2)
    assert [row["name"] for row in result["definitions"]] == ["aligned", "cropped", "script"]
    assert result["largest_relative_error_of_the_package"] < 1e-4
    aligned, cropped, script = (row["mean"] for row in result["definitions"])
    assert [row["ratio"] for row in result["definitions"]] == [1, cropped / aligned, script / aligned]
    assert json.loads((tmp_path / "misalignment.json").read_text())["datasets"] == [result]


def test_misaligned_scores_are_those_of_the_package_where_nothing_is_misaligned() -> None:
    lite = EfficientNetLite0()
    backbone, rng = lite.load(), np.random.default_rng(0)
    scorer = DifficultyScorer(lite, DifficultySettings(), torch.device("cpu"))

    def package(x: np.ndarray, y: np.ndarray) -> float:
        return float(scorer(to_tensor(x[None]), to_tensor(y[None]))[0])

    x, y = (np.asarray(image) for image in draw_pair(3, misalignment.IMAGE))
    assert misalignment.aligned(backbone, x, y) == pytest.approx(package(x, y), rel=1e-4)
    # The central 224 of 256 pixels of x, and the whole of y.
    cropped = misalignment.cropped(backbone, x, y)
    assert cropped == pytest.approx(package(x[16:240, 16:240], y), rel=1e-4)
    script = misalignment.script(backbone, np.random.default_rng(0), x, y)
    # Other pixels, filters and rounding make it another number, but not one of another scale.
    assert script != cropped and script == pytest.approx(cropped, rel=0.4)
    # The rim of x is not seen, and the next image has other pixels.
    centre = np.zeros_like(x)
    centre[16:240, 16:240] = x[16:240, 16:240]
    rng = np.random.default_rng(0)
    first, second = (misalignment.script(backbone, rng, centre, y) for _ in range(2))
    assert first == script != second


def test_misalignment_in_the_docs_is_that_of_the_results() -> None:
    root = Path(__file__).parents[2]
    result = json.loads((root / "results/bench/misalignment.json").read_text())
    page = " ".join((root / "docs/difficulty.md").read_text().split())
    assert [found["dataset"] for found in result["datasets"]] == ["openmoji", "facades", "maps2sat"]
    for found in result["datasets"]:
        aligned, *others = found["definitions"]
        cells = [f"{aligned['mean']:.3f}"]
        for row in others:
            cells += [f"{row['mean']:.3f}", f"{row['ratio']:.1f}", f"{row['rank_correlation']:.2f}"]
        assert f"| {found['pairs']} | {' | '.join(cells)} |" in page
    drawings, facades, maps = (f"{found['definitions'][-1]['ratio']:.1f}" for found in result["datasets"])
    assert facades == maps
    assert f"{facades} times as much as the aligned score on these photographs, and {drawings} times" in page


def test_evaluation_benchmark_compares_equal_spreads(tmp_path: Path) -> None:
    result = evaluation.run(tmp_path, samples=200, columns=2, replicates=2000, repeats=1)
    # 40 resamples know a spread to about an eighth.
    assert result["mean_spread_fast"] == pytest.approx(result["mean_spread_slow"], rel=0.4)
    assert json.loads((tmp_path / "evaluation.json").read_text())["ratio"] == result["ratio"]


def test_training_benchmark_trains_every_victim_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    fit = training_speed.fit

    def watched(
        config: TrainedVictim,
        store: PairStore,
        ids: Sequence[str],
        epochs: int,
        clocks: Any = (),
        precision: str = "",
    ) -> object:
        trained.append((type(config).__name__, precision, config.image_size, len(ids), epochs))
        return fit(config, store, ids, epochs, clocks, precision)

    monkeypatch.setattr(training_speed, "fit", watched)
    result = training_speed.run(tmp_path, size=64, width=4, steps=2, seeds=1, learning=(8, 1))
    # Two more steps to warm up; then the comparison of what two forms learn.
    victims, precisions = ("Pix2Pix", "Pix2PixHD"), ("32-true", "bf16-mixed")
    timed = [(victim, precision, 64, 4, 1) for victim in victims for precision in precisions]
    assert trained == [*timed, *(("Pix2Pix", precision, 64, 8, 1) for precision in precisions)]
    assert [(row["victim"], row["form"]) for row in result["steps"]] == [
        (victim.lower(), form) for victim in victims for form in ("float32", "bf16")
    ]
    # The same pairs and seed: rounding moves the error a little, and does move it.
    [exact], [rounded] = (result["held_out_l1"][form] for form in ("float32", "bf16"))
    assert exact != rounded and exact == pytest.approx(rounded, rel=0.05)


def test_queries_benchmark_compares_equal_outputs(tmp_path: Path) -> None:
    result = queries.run(tmp_path, size=64, width=4, images=4, batch_sizes=(1, 3), repeats=1)
    assert [row["batch_size"] for row in result["fast"]] == [1, 3]
    # Another order of summation may round a byte up that was rounded down.
    assert all(row["largest_difference"] <= 1 for row in result["fast"])


def test_sweep_benchmark_times_cached_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command is run to warm up and once to be timed: one job, a sweep of two, the help."""
    seen = []
    start = sweep_speed._mia_exp

    def watched(words: Sequence[str], cwd: Path) -> None:
        before = set(cwd.glob("outputs/runs/**/metrics.json"))
        if words == ["--help"]:
            start(words, cwd)
        else:  # here, where everything is imported
            assert mia_exp(*words, cwd=cwd).status == 0
        fresh = sorted(set(cwd.glob("outputs/runs/**/metrics.json")) - before)
        alphas = [json.loads(path.read_text())["attack"]["alpha"] for path in fresh]
        victims = list(cwd.glob("outputs/artifacts/victim/*/manifest.json"))
        seen.append((alphas if "-m" in words else len(alphas), len(victims)))

    monkeypatch.setattr(sweep_speed, "_mia_exp", watched)
    sweep_speed.run(tmp_path, samples=20, values=2, repeats=1)
    # One victim from the first to the last.
    assert seen == [(1, 1)] * 2 + [([0.5, 1.0], 1)] * 2 + [(0, 1)] * 2


def test_growth_benchmark_runs_every_size_and_draws_it(tmp_path: Path) -> None:
    result = growth.run(tmp_path, sizes=(20, 40))
    assert [row["n"] for row in result["rows"]] == [20, 40]
    for row in result["rows"]:
        # The stages take no longer than the process that ran them, whose start and report are the rest.
        assert all(seconds > 0 for seconds in row["parts"].values())
        # PyTorch alone takes a hundred; nothing here needs gigabytes.
        assert 100 < row["peak_mb"] < 4000
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


TRAIN = fleet._train


def noted(folder: Path, config: Pix2Pix, seed: int, pairs: int) -> None:
    """Trains, and notes which process did; a function that other processes find by its name."""
    TRAIN(folder, config, seed, pairs)
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{os.getpid()} {seed}\n")


def test_fleet_benchmark_trains_the_same_victims_here_and_in_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES", str(tmp_path / "notes.txt"))
    monkeypatch.setattr(fleet, "_train", noted)
    fleet.run(tmp_path, victims=2, pairs=4, epochs=1, width=4, processes=2)
    lines = [line.split() for line in (tmp_path / "notes.txt").read_text().splitlines()]
    here = Counter(seed for process, seed in lines if process == str(os.getpid()))
    elsewhere = Counter(seed for process, seed in lines if process != str(os.getpid()))
    # Seeds 0 and 1, once what warms up the process, or each of the two, has trained seed 0.
    assert here == {"0": 2, "1": 1}
    assert elsewhere == {"0": 3, "1": 1}


def test_tables_are_those_of_the_results(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    page = tmp_path / "page.md"
    page.write_text((root / "docs/performance.md").read_text())
    write_tables(root / "results/bench", page)
    assert page.read_text() == (root / "docs/performance.md").read_text()
    result = json.loads((root / "results/bench/difficulty.json").read_text())
    assert f"| {result['best_ratio']:.1f} | {result['best_ratio_to_float32']:.1f} |" in page.read_text()
