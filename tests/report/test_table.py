"""The terminal's table."""

import io

import pytest
from rich.console import Console

from mia_exp.report import print_table
from mia_exp.report.answer import attack_rows, blind_rows, delta_rows


def printed(metrics, width=80) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_table(metrics, console)
    return console.file.getvalue()


def test_warnings_come_first_and_attacks_before_blind_rows(confounded_run):
    text = printed(confounded_run.metrics)
    order = ["Warning: brightness", "L_mem ", "L_mem − L_rec", "brightness *"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_each_row_is_one_line_of_80_columns(drawn_run):
    metrics = drawn_run.metrics
    lines = printed(metrics).splitlines()
    assert max(map(len, lines)) <= 80
    for row in (*attack_rows(metrics), *delta_rows(metrics), *blind_rows(metrics)):
        assert any(line.startswith(row.name) and all(cell in line for cell in row.cells) for line in lines)


@pytest.mark.parametrize("width", [30, 200])
def test_any_width_prints_every_attack(drawn_run, width):
    text = printed(drawn_run.metrics, width)
    assert "L_rec" in text
    assert max(map(len, text.splitlines())) <= width


def test_a_name_in_square_brackets_is_no_markup(drawn_run):
    drawn_run.metrics["dataset"] = "[red]oops[/red]"
    drawn_run.metrics["warnings"] = ["[bold]see[/bold]"]
    text = printed(drawn_run.metrics)
    assert "[red]oops[/red]" in text
    assert "[bold]see[/bold]" in text
