"""The result in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mia_exp.report.answer import (
    NO_BLIND_DIFFERENCE,
    Row,
    answer,
    attack_rows,
    blind_rows,
    damage_sentence,
    delta_rows,
    detail_lines,
    header,
    question,
    rate_notes,
)


def print_table(metrics: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints what was asked, the warnings, the answer and the table.

    Args:
        metrics: The content of `metrics.json`.
        console: Where to; by default standard output.
    """
    console = console or Console()
    console.print(question(metrics), highlight=False, markup=False)
    console.print()
    for warning in metrics["warnings"]:
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
    if not any(result["separates"] for result in metrics["blind"].values()):
        console.print(NO_BLIND_DIFFERENCE, highlight=False)
    console.print(answer(metrics), highlight=False, markup=False)
    console.print()
    console.print(_table(metrics))
    console.print()
    for line in (damage_sentence(metrics), *detail_lines(metrics)):
        if line:
            console.print(line, highlight=False, markup=False)
    notes = ["Brackets: 95 % intervals. Blind columns never query the model; * separates.", *rate_notes(metrics)]
    console.print(" ".join(notes), highlight=False, markup=False)


def _table(metrics: Mapping[str, Any]) -> Table:
    columns = header(metrics)
    # 80 columns hold the widest of our own rows: a name of 16 characters, AUC, two rates, the accuracy.
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("")
    for name in columns:
        table.add_column(name)
    for name, rows in (
        ("attacks", attack_rows(metrics)),
        ("differences", delta_rows(metrics)),
        ("blind", blind_rows(metrics)),
    ):
        if rows:
            table.add_row()
            table.add_row(f"[dim]{name}[/dim]")
            for row in rows:
                table.add_row(*_line(row, len(columns)))
    return table


def _line(row: Row, width: int) -> list[str]:
    name = f"[yellow]{escape(row.name)} *[/yellow]" if row.separates else escape(row.name)
    return [name, *row.cells, *[""] * (width - len(row.cells))]
