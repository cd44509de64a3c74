"""The benchmarks run at their smallest size, so that they can't rot; no test looks at the clock."""

import json
from pathlib import Path

from mia_exp.benchmarks import difficulty


def test_difficulty_benchmark_compares_equal_scores(tmp_path: Path) -> None:
    difficulty.run(tmp_path, batch_sizes=(1,), repeats=1)
    result = json.loads((tmp_path / "difficulty.json").read_text())
    assert result["largest_relative_error"] < 1e-4
    assert result["fast"][0]["ratio"] == result["slow_seconds_per_image"] / result["fast"][0]["seconds_per_image"]
    assert result["device"].startswith("CPU")
