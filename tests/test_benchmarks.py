"""The benchmarks run at their smallest size, so that they can't rot; no test looks at the clock."""

import json
from pathlib import Path

import pytest

from mia_exp.benchmarks import difficulty, evaluation, training
from mia_exp.benchmarks.tables import write_tables


def test_difficulty_benchmark_compares_equal_scores(tmp_path: Path) -> None:
    difficulty.run(tmp_path, batch_sizes=(1,), repeats=1)
    result = json.loads((tmp_path / "difficulty.json").read_text())
    assert result["largest_relative_error"] < 1e-4
    assert result["fast"][0]["ratio"] == result["slow_seconds_per_image"] / result["fast"][0]["seconds_per_image"]
    assert result["device"].startswith("CPU")


def test_evaluation_benchmark_compares_equal_spreads(tmp_path: Path) -> None:
    result = evaluation.run(tmp_path, samples=200, columns=2, replicates=2000, repeats=1)
    # 40 resamples know a spread to about an eighth.
    assert result["mean_spread_fast"] == pytest.approx(result["mean_spread_slow"], rel=0.4)
    assert json.loads((tmp_path / "evaluation.json").read_text())["ratio"] == result["ratio"]


def test_training_benchmark_times_every_victim_in_every_form(tmp_path: Path) -> None:
    result = training.run(tmp_path, size=64, width=4, steps=2, seeds=1, learning=(8, 1))
    found = {(row["victim"], row["form"]) for row in result["steps"]}
    assert found == {(victim, form) for victim in ("pix2pix", "pix2pixhd") for form in ("float32", "bf16")}
    assert all(row["seconds"] > 0 for row in result["steps"])
    assert {name: len(values) for name, values in result["held_out_l1"].items()} == {"float32": 1, "bf16": 1}


def test_tables_are_those_of_the_results(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    page = tmp_path / "page.md"
    page.write_text((root / "docs/performance.md").read_text())
    write_tables(root / "results/bench", page)
    assert page.read_text() == (root / "docs/performance.md").read_text()
    ratio = json.loads((root / "results/bench/difficulty.json").read_text())["best_ratio"]
    assert f"| {ratio:.1f} |" in page.read_text()
