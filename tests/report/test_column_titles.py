"""A column is shown as its run describes it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.mathtext import MathTextParser

from mia_exp.core.column import Column
from mia_exp.report.column_titles import columns_of, math_title, meaning, title
from tests.report.conftest import ATTACKS, CLASSES, declared, described, make_run

RESULTS = Path(__file__).parents[2] / "results"
COLUMNS = declared()


def test_every_attack_is_among_the_drawn_runs():
    assert ATTACKS.keys() == CLASSES.keys()
    shown = {name for columns, blind in ATTACKS.values() for name in (*columns, *blind)}
    assert shown >= {column.name for cls in CLASSES.values() for column in cls.columns}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_has_a_title_that_can_be_set_and_a_meaning(column):
    metrics = {"columns": described(COLUMNS)}
    assert title(metrics, column) and meaning(metrics, column)
    MathTextParser("agg").parse(math_title(COLUMNS[column]))


def test_names_and_meanings_are_told_apart():
    assert len({column.title for column in COLUMNS.values()}) == len(COLUMNS)
    assert len({column.meaning for column in COLUMNS.values()}) == len(COLUMNS)


@pytest.mark.parametrize(
    ("column", "words", "mathematics"),
    [
        ("l_rec", "L_rec", r"$L_{\mathrm{rec}}$"),
        ("l_mem_aug", "L_mem,aug", r"$L_{\mathrm{mem,aug}}$"),
        ("shadow_score", "shadow classifier", "shadow classifier"),
        ("file_size", "file size", "file size"),
    ],
)
def test_titles(column, words, mathematics):
    assert (title({"columns": described([column])}, column), math_title(COLUMNS[column])) == (words, mathematics)


def test_the_title_is_the_columns_own_whatever_its_name():
    column = Column("l_mine", "my own score", "of mine", higher_is_member=True)
    assert math_title(column) == "my own score"
    # The first underscore alone begins an index.
    assert math_title(replace(column, title="S_a,b")) == r"$S_{\mathrm{a,b}}$"


def test_columns_come_back_as_they_were_declared():
    metrics = json.loads(json.dumps(make_run(3, attack="supervised").metrics))
    found = columns_of(metrics)
    assert list(found) == ["l_rec", "l_mem_vsd", "l_mem_vsd_slope", "l_diff", "l_vsd", "brightness"]
    assert found == {name: declared("supervised")[name] for name in found}


def test_a_column_that_is_not_described_has_no_title():
    metrics = {"columns": described(["l_rec"])}
    for look_up in (title, meaning):
        with pytest.raises(KeyError, match="l_mem"):
            look_up(metrics, "l_mem")


# Of those in results/cpu, numbers are read and no titles.
@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_kept_results_describe_every_column_that_they_have(path):
    content = json.loads(path.read_text())
    runs = [job["metrics"] for job in content["jobs"] if job["metrics"]] if "jobs" in content else [content]
    assert runs
    for metrics in runs:
        columns = columns_of(metrics)
        assert sorted(columns) == sorted([*metrics["attacks"], *metrics["blind"]])
        assert all(column.blind == (name in metrics["blind"]) for name, column in columns.items())
        compared = {
            f"{column.name} - {column.compared_with}" for column in columns.values() if column.compared_with
        }
        assert compared == metrics["deltas"].keys()
        assert metrics["split"]["title"] and metrics["features"]["stages"]
