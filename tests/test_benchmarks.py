"""The benchmarks run at their smallest size, so that they can't rot; no test checks times."""

import json
from pathlib import Path

import pytest

from mia_exp.benchmarks import difficulty, evaluation, fleet, growth, queries, sweep, training
from mia_exp.benchmarks.tables import write_tables


def test_difficulty_benchmark_compares_equal_scores(tmp_path: Path) -> None:
    difficulty.run(tmp_path, batch_sizes=(1,), repeats=1)
    result = json.loads((tmp_path / "difficulty.json").read_text())
    assert result["largest_relative_error"] < 1e-4
    # float32 keeps seven digits, of which a fit of 3840 columns costs some: another fit than float64's.
    assert result["largest_relative_error"] < result["largest_relative_error_of_float32"] < 0.05
    [row] = result["fast"]
    assert row["ratio"] == result["slow_seconds_per_image"] / row["seconds_per_image"]
    assert row["ratio_to_float32"] == result["slow_float32_seconds_per_image"] / row["seconds_per_image"]
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


def test_queries_benchmark_compares_equal_outputs(tmp_path: Path) -> None:
    result = queries.run(tmp_path, size=64, width=4, images=4, batch_sizes=(1, 3), repeats=1)
    assert [row["batch_size"] for row in result["fast"]] == [1, 3]
    # Another order of summation may round a byte up that was rounded down.
    assert all(row["largest_difference"] <= 1 for row in result["fast"])


def test_sweep_benchmark_runs_the_command_line(tmp_path: Path) -> None:
    result = sweep.run(tmp_path, samples=20, values=2, repeats=1)
    assert result["ratio"] == 2 * result["single_seconds"] / result["sweep_seconds"]


def test_growth_benchmark_runs_every_size_and_draws_it(tmp_path: Path) -> None:
    result = growth.run(tmp_path, sizes=(20, 40))
    assert [row["n"] for row in result["rows"]] == [20, 40]
    for row in result["rows"]:
        assert sum(row["parts"].values()) == pytest.approx(row["seconds"])
        # PyTorch alone takes a hundred; nothing here needs gigabytes.
        assert 100 < row["peak_mb"] < 4000
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_fleet_benchmark_trains_in_processes(tmp_path: Path) -> None:
    result = fleet.run(tmp_path, victims=2, pairs=4, epochs=1, width=4, processes=2)
    assert result["processes"] == 2
    assert result["ratio"] == result["one_after_another_seconds"] / result["together_seconds"]


def test_tables_are_those_of_the_results(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    page = tmp_path / "page.md"
    page.write_text((root / "docs/performance.md").read_text())
    write_tables(root / "results/bench", page)
    assert page.read_text() == (root / "docs/performance.md").read_text()
    result = json.loads((root / "results/bench/difficulty.json").read_text())
    assert f"| {result['best_ratio']:.1f} | {result['best_ratio_to_float32']:.1f} |" in page.read_text()
