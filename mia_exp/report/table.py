"""Results in the terminal."""

from collections.abc import Mapping, Sequence
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

# Minimum width of the names in a narrow terminal.
NAME_WIDTH = 12
NOTE = "Brackets: 95 % intervals. Blind columns do not query the model; * separates."


def print_table(metrics: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints the question, the warnings, the answer and the table.

    Args:
        metrics: The content of `metrics.json`.
        console: Where to print; by default standard output.
    """
    console = console or Console(emoji=False)
    console.print(question(metrics), highlight=False, markup=False)
    console.print()
    for warning in metrics["warnings"]:
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
    if not any(result["separates"] for result in metrics["blind"].values()):
        console.print(NO_BLIND_DIFFERENCE, highlight=False)
    console.print(answer(metrics), highlight=False, markup=False)
    console.print()
    groups = (
        ("attacks", attack_rows(metrics)),
        ("differences", delta_rows(metrics)),
        ("blind", blind_rows(metrics)),
    )
    table = results_table(header(metrics), groups, two_lines=False)
    unlimited = console.options.update(max_width=1000)
    if console.measure(table, options=unlimited).maximum > console.width:
        table = results_table(header(metrics), groups, two_lines=True)
    console.print(table)
    console.print()
    for line in (damage_sentence(metrics), *detail_lines(metrics)):
        if line:
            console.print(line, highlight=False, markup=False)
    notes = [NOTE, *rate_notes(metrics)]
    console.print(" ".join(notes), highlight=False, markup=False)


def results_table(header: Sequence[str], groups: Sequence[tuple[str, Sequence[Row]]], two_lines: bool) -> Table:
    """Rows of results as a table for the terminal.

    Args:
        header: Titles of the number columns.
        groups: Groups of rows, each with its heading.
        two_lines: Whether intervals are below their numbers and meanings below the names.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("", min_width=NAME_WIDTH)
    lines = [(name, [_line(row, len(header), two_lines) for row in rows]) for name, rows in groups if rows]
    for place, name in enumerate(header, 1):
        parts = [part for _, rows in lines for row in rows for part in row[place].split("\n")]
        # No wider than its numbers and the longest word of its title, which leaves most space for the names.
        table.add_column(name, max_width=max(map(len, [*name.split(), *parts])))
    for name, rows in lines:
        table.add_row()
        table.add_row(f"[dim]{name}[/dim]")
        for row in rows:
            table.add_row(*row)
    return table


def _line(row: Row, width: int, two_lines: bool) -> list[str]:
    name = f"[yellow]{escape(row.name)} *[/yellow]" if row.separates else escape(row.name)
    cells = [*row.cells, *[""] * (width - len(row.cells))]
    if not two_lines:
        return [name, *cells]
    return [f"{name}\n[dim]{escape(row.meaning)}[/dim]", *(cell.replace(" ", "\n", 1) for cell in cells)]
