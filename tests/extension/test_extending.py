"""An external attack, victim, defense, dataset and backbone, without an edit in this repository."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.extension.conftest import Run

PARTS = {
    "attack": "patches",
    "victim": "nearest",
    "defense": "coarse",
    "dataset": "stripes",
    "features": "pyramid",
}


def metrics(folder: Path) -> dict[str, object]:
    [path] = folder.glob("outputs/runs/*/*/metrics.json")
    found: dict[str, object] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("group", list(PARTS))
def test_each_part_runs_to_its_report(group: str, run: Run, tmp_path: Path) -> None:
    outcome = run(f"{group}={PARTS[group]}", "split.n_members=10", "name=mine")
    assert outcome.status == 0, outcome.err
    assert list(tmp_path.glob("outputs/runs/mine/*/report.html"))


def test_all_of_them_together_in_a_sweep(run: Run, tmp_path: Path) -> None:
    words = [f"{group}={name}" for group, name in PARTS.items()]
    outcome = run("-m", *words, "attack.side=4,8", "split.n_members=20", "name=mine")
    assert outcome.status == 0, outcome.err
    [page] = tmp_path.glob("outputs/runs/mine/*/sweep.html")
    assert "L_patch" in page.read_text()
    [first, _] = sorted(tmp_path.glob("outputs/runs/mine/*/*/metrics.json"))
    found = json.loads(first.read_text())
    assert found["headline"] == "l_patch" and set(found["attacks"]) == {"l_rec", "l_patch"}
    assert found["deltas"].keys() == {"l_patch - l_rec"}
    assert found["defense"]["levels"] == 8 and found["damage"]["n"] == 40


def test_a_victim_that_memorises_by_construction(run: Run, tmp_path: Path) -> None:
    outcome = run("victim=nearest", "attack=ours", "split.n_members=100", "name=mine")
    assert outcome.status == 0, outcome.err
    found = metrics(tmp_path)
    assert found["attacks"]["l_rec"]["auc"] > 0.95  # type: ignore[index]
    [path] = tmp_path.glob("outputs/runs/mine/*/scores.parquet")
    errors = -pd.read_parquet(path)["l_rec"].to_numpy()
    shuffled = np.arange(200) % 2 == 0
    np.random.default_rng(0).shuffle(shuffled)
    # Hanley and McNeil: under chance, an AUC of 100 and 100 has a standard deviation of 0.041.
    assert abs(roc_auc_score(shuffled, errors) - 0.5) < 3 * 0.041


def test_a_reader_need_not_know_how_many_pairs_are_used(run: Run, tmp_path: Path) -> None:
    outcome = run("dataset=stripes", "dataset.max_pairs=20", "split.n_members=10", "name=mine")
    assert outcome.status == 0, outcome.err
    key = metrics(tmp_path)["provenance"]["keys"]["pairs"]  # type: ignore[index]
    [index] = tmp_path.glob(f"outputs/artifacts/pairs/{key[:20]}/index.parquet")
    assert len(pd.read_parquet(index)) == 20


def test_a_victim_that_declares_no_sizes_is_queried_at_its_own(run: Run, tmp_path: Path) -> None:
    words = ["victim=nearest", "attack=augmented", "attack.variants=2", "split.n_members=10"]
    outcome = run(*words, "name=mine")
    assert outcome.status == 0, outcome.err
    outcome = run(*words, "attack.kinds=[flip]", "attack.load_ratio=1.25", "name=larger")
    assert outcome.status == 1
    assert "attack.load_ratio=1.25: " in outcome.err and "it answers only 64 pixels" in outcome.err
    assert not list(tmp_path.glob("outputs/runs/larger/*"))


def test_help_lists_them(run: Run) -> None:
    outcome = run("--help", tiny=False)
    assert outcome.status == 0, outcome.err
    for name in PARTS.values():
        assert name in outcome.out


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "foreign.yaml",
            "_target_: json.JSONDecoder",
            "a configuration may only name classes of mia_exp, my_package, since",
        ),
        ("system.yaml", "_target_: os.system", "entry-points"),
        ("absent.yaml", "_target_: my_package.absent.Mine", "there is no module my_package.absent"),
        ("nothing.yaml", "_target_: my_package.patches.Nothing", "my_package.patches has no Nothing"),
        (
            "other.yaml",
            "_target_: my_package.coarse.Coarse",
            "expected a subclass of mia_exp.attacks.attack.Attack",
        ),
        ("raising.yaml", "_target_: my_package.raising.Mine", "could not be imported (ZeroDivisionError"),
        ("untyped.yaml", "_target_: my_package.untyped.Mine", "its field strength has no type"),
        ("bare.yaml", "_target_: my_package.bare.Mine", "its field strength has no default"),
        ("plain.yaml", "_target_: my_package.plain.Mine", "expected a dataclass"),
        (
            "unsigned.yaml",
            "_target_: my_package.unsigned.Mine",
            "the column a does not declare its direction: give it higher_is_member=True, or False",
        ),
        ("twice.yaml", "_target_: my_package.twice.Mine", "declares the column a twice"),
        ("scoreless.yaml", "_target_: my_package.scoreless.Mine", "declares no column"),
        ("spaced.yaml", "_target_: my_package.spaced.Mine", "a column is named 'a b': expected letters"),
        (
            "needy.yaml",
            "_target_: my_package.needy.Mine",
            "could not be imported (ModuleNotFoundError: No module named",
        ),
        ("unparsed.yaml", "_target_: my_package.unparsed.Mine", "could not be imported (SyntaxError"),
        ("shared.yaml", "_target_: my_package.shared.Mine", "could not be imported (ValueError: mutable default"),
        ("odd.yaml", "_target_: my_package.odd.Mine", "its field strength cannot be a setting (Unexpected type"),
        (
            "wrong.yaml",
            "_target_: my_package.wrong.Mine",
            "its field strength cannot be a setting (Value 'x' of type",
        ),
    ],
)
def test_errors(file: str, text: str, message: str, run: Run, installed: Path) -> None:
    head = (
        "from dataclasses import dataclass\nfrom mia_exp.attacks.attack import Attack\n"
        "from mia_exp.core.column import Column\nA = Column('a', 'A', 'a', higher_is_member=True)\n"
    )
    for name, body in {
        "raising": "1 / 0",
        "untyped": "@dataclass\nclass Mine(Attack):\n    columns = (A,)\n    strength = 0.5",
        "bare": "@dataclass\nclass Mine(Attack):\n    columns = (A,)\n    strength: float",
        "plain": "class Mine(Attack):\n    columns = (A,)",
        "unsigned": "@dataclass\nclass Mine(Attack):\n    columns = (Column('a', 'A', 'a'),)",
        "twice": "@dataclass\nclass Mine(Attack):\n    columns = (A, A)",
        "scoreless": "@dataclass\nclass Mine(Attack):\n    pass",
        "spaced": "B = Column('a b', 'A', 'a', higher_is_member=True)",
        "needy": "import a_module_that_nobody_has",
        "unparsed": "class Mine(Attack",
        "shared": "@dataclass\nclass Mine(Attack):\n    columns = (A,)\n    sides: list[int] = []",
        "wrong": "@dataclass\nclass Mine(Attack):\n    columns = (A,)\n    strength: int = 'x'",
        "odd": "@dataclass\nclass Mine(Attack):\n    columns = (A,)\n    strength: complex = 0j",
    }.items():
        (installed / "my_package" / f"{name}.py").write_text(f"{head}\n{body}\n")
    path = installed / "my_conf" / "attack" / file
    path.write_text(text)
    try:
        outcome = run(f"attack={path.stem}", "dry_run=true")
    finally:
        path.unlink()
    assert outcome.status == 1
    last = outcome.err.splitlines()[-1]
    assert last.startswith("error: attack._target_=") and message in last
    # A failing plug-in's own traceback is what its author needs; nobody else's mistake has one.
    raising = path.stem in ("raising", "needy", "unparsed", "shared")
    assert ("Traceback" in outcome.err) == raising
    assert (f"my_package/{path.stem}.py" in outcome.err) == raising


def test_a_name_that_is_taken(run: Run, installed: Path) -> None:
    path = installed / "my_conf" / "attack" / "ours.yaml"
    path.write_text("_target_: my_package.patches.WorstPatch")
    try:
        outcome = run("attack=ours", "dry_run=true")
    finally:
        path.unlink()
    assert outcome.status == 1
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"error: {path}: attack=ours already exists in ") and "Rename your file" in line


def test_the_same_package_without_its_entry_point(run: Run, installed: Path) -> None:
    info = installed / "my_package-1.0.dist-info"
    points = info / "entry_points.txt"
    text = points.read_text()
    points.write_text("")
    try:
        outcome = run("attack=patches", "dry_run=true")
    finally:
        points.write_text(text)
    assert outcome.status == 1
    assert "may only name classes of mia_exp, since" in outcome.err and "To allow my_package" in outcome.err
