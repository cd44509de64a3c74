"""The README's numbers are those of results/, and its commands are ones that the package takes."""

import json
import re
import shlex
from pathlib import Path

import pytest

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.config.command_line import read_command
from mia_exp.report.sweep_results import collect_sweep
from mia_exp.report.sweep_table import markdown

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = [
    shlex.split(line.strip().removeprefix("mia-exp "), comments=True)
    for page in PAGES
    for line in page.read_text().splitlines()
    if line.startswith("    mia-exp ") and "..." not in line
]


@pytest.mark.parametrize("name", ["demo", "facades64"])
def test_table_is_that_of_the_result(name: str) -> None:
    metrics = json.loads((ROOT / "results" / f"{name}.json").read_text())
    for column in (*metrics["attacks"].values(), *metrics["blind"].values()):
        low, high = column["auc_ci95"]
        assert f"| {column['auc']:.3f} [{low:.3f}, {high:.3f}] |" in README
    delta = metrics["deltas"]["l_mem - l_rec"]
    assert f"| {delta['auc']:+.3f} [{delta['ci95'][0]:+.3f}, {delta['ci95'][1]:+.3f}] |" in README


def test_ratio_is_that_of_the_benchmark() -> None:
    result = json.loads((ROOT / "results" / "bench" / "difficulty.json").read_text())
    # At the size of batch that a run has, not at the best one.
    (row,) = (row for row in result["fast"] if row["batch_size"] == DifficultySettings().batch_size)
    to_float64, to_float32 = re.findall(r"(\d+) times faster", README)
    assert int(to_float64) == round(row["ratio"])
    assert int(to_float32) == round(row["ratio_to_float32"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_command_is_valid(command: list[str]) -> None:
    read_command(command)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 20


@pytest.mark.parametrize("name", ["facades", "maps2sat"])
def test_tables_of_all_attacks_are_those_of_the_results(name: str, tmp_path: Path) -> None:
    """The table in docs/attacks.md is what the report makes of results/."""
    stored = json.loads((ROOT / "results" / f"all_attacks-{name}.json").read_text())
    assert not stored["missing"]
    for job in stored["jobs"]:
        folder = tmp_path / job["job"]
        folder.mkdir()
        (folder / "overrides.json").write_text(json.dumps(job["overrides"]))
        (folder / "metrics.json").write_text(json.dumps(job["metrics"]))
    table = markdown(collect_sweep(tmp_path)).strip()
    assert table.count("\n") > 10
    assert table in (ROOT / "docs" / "attacks.md").read_text()
