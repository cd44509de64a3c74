"""The terminal's table."""

import io
from itertools import pairwise

import pytest
from rich.console import Console

from mia_exp.report.answer import attack_rows, blind_rows, delta_rows
from mia_exp.report.table import print_table
from tests.report.conftest import DAMAGE, make_run


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


def test_rows_too_wide_for_the_terminal_keep_their_intervals_whole():
    metrics = make_run(100, attack="shadow").metrics
    narrow, wide = printed(metrics, 80), printed(metrics, 130)
    assert max(map(len, narrow.splitlines())) <= 80
    for row in attack_rows(metrics):
        estimate, interval = row.cells[0].split(" ", 1)
        (above, below) = next(
            pair for pair in pairwise(narrow.splitlines()) if pair[0].startswith(row.name) and estimate in pair[0]
        )
        assert above.index(estimate) == below.index(interval)
        assert row.meaning.split()[0] in below
        assert any(line.startswith(row.name) and row.cells[0] in line for line in wide.splitlines())


def test_what_the_attack_says_and_what_the_defense_did_are_printed(drawn_run):
    drawn_run.metrics |= {"attack_details": {"shadow pairs": 100}, "damage": DAMAGE, "defense": {"kind": "gauss"}}
    text = " ".join(printed(drawn_run.metrics).split())
    assert "with the defense gauss." in text
    assert "shadow pairs: 100" in text
    assert (
        "The defense changes the outputs by PSNR 21.3 dB, SSIM 0.712, perceptual distance 0.204; their SSIM with "
        "the targets goes from 0.455 to 0.321 (means of 80 images)."
    ) in text


def test_equal_outputs_have_no_psnr(drawn_run):
    same = {"psnr": None, "ssim": 1.0, "perceptual": 0.0, "identical": 80}
    drawn_run.metrics |= {"damage": {**DAMAGE, "outputs": same}}
    assert "changes the outputs by SSIM 1.000, perceptual" in " ".join(printed(drawn_run.metrics).split())


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
