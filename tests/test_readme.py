"""The README's numbers are those of results/, and its commands are ones that the package takes."""

import json
import re
from pathlib import Path

import pytest

from mia_exp.compose import validate

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.strip().removeprefix("mia-exp ").replace("FOLDER", ".")
    for line in README.splitlines()
    if line.startswith("    mia-exp ")
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
    (ratio,) = re.findall(r"(\d+) times faster", README)
    assert int(ratio) == round(result["best_ratio"])


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_valid(command: str) -> None:
    validate(command.split())


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 3
