"""Processes that are started at once share what they make: each artifact is made by one of them."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.cli import tiny
from tests.faults.forks import Forked
from tests.faults.whole_run import ATTACK, published

LEFT = {"config.yaml", "metrics.json", "report.html", "run.log", "scores.parquet"}
# Named by the year, so that all of them are started in the same one.
SAME_NAME = "hydra.run.dir=${output_dir}/runs/only/${now:%Y}"


def race(cwd: Path, commands: Sequence[Sequence[str]]) -> list[Path]:
    """Starts eight processes at once; returns the folders of their runs."""
    processes = [Forked(*words, cwd=cwd) for words in commands]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    folders = sorted((cwd / "outputs/runs/only").iterdir())
    year = folders[0].name
    assert [folder.name for folder in folders] == [year, *(f"{year}-{n}" for n in range(2, len(commands) + 1))]
    for folder in folders:
        assert {path.name for path in folder.iterdir()} >= LEFT
    made = Counter(
        found for folder in folders for found in re.findall(r"made (\w+ \w+) in", (folder / "run.log").read_text())
    )
    there = {Path(name).parent for name in published(cwd / "outputs")}
    assert made == Counter(f"{folder.parts[0]} {folder.parts[1][:12]}" for folder in there)
    return folders


def test_eight_runs_with_the_same_settings(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset, *ATTACK[:-1], SAME_NAME)
    folders = race(tmp_path, [words] * 8)
    assert len({(folder / "scores.parquet").read_bytes() for folder in folders}) == 1
    results = []
    for folder in folders:
        metrics = json.loads((folder / "metrics.json").read_text())
        results.append((metrics["attacks"], metrics["blind"], metrics["provenance"]["keys"]))
    assert all(result == results[0] for result in results)


def test_eight_runs_that_differ_in_alpha(folder_dataset: Path, tmp_path: Path) -> None:
    alphas = [0, 0, 1, 1, 2, 2, 4, 4]
    words = tiny(folder_dataset, SAME_NAME)
    folders = race(tmp_path, [[*words, f"attack.alpha={alpha}"] for alpha in alphas])
    found = []
    for folder in folders:
        alpha = yaml.safe_load((folder / "config.yaml").read_text())["attack"]["alpha"]
        assert alpha == json.loads((folder / "metrics.json").read_text())["attack"]["alpha"]
        scores = pd.read_parquet(folder / "scores.parquet")
        expected = scores["l_rec"] - alpha * scores["l_diff"]
        assert scores["l_mem"].to_numpy() == pytest.approx(expected.to_numpy())
        found.append(alpha)
    assert sorted(found) == alphas
