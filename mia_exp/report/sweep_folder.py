"""The files of a sweep's folder: the table of its jobs as JSON, Markdown, HTML and figure."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mia_exp.core.storage import atomic_write
from mia_exp.report.column_titles import math_title
from mia_exp.report.forest import Estimate, plot_forest
from mia_exp.report.job_folder import FinishedJob
from mia_exp.report.numbers import json_text
from mia_exp.report.run_page import render_sweep_page
from mia_exp.report.sweep_curve import plot_curves, swept_curves
from mia_exp.report.sweep_results import Sweep, SweepRow, collect_sweep
from mia_exp.report.sweep_table import describe, evaluated_images, markdown, sweep_table
from mia_exp.report.table import NOTE, results_table


def write_sweep_report(folder: Path, console: Console | None = None) -> None:
    """Writes `sweep.json`, `sweep.md`, `sweep.png` and `sweep.html`, and prints the table.

    Args:
        folder: Has one folder per job.
        console: Where to print; by default standard output.

    Raises:
        MiaError: It has no job.
    """
    sweep = collect_sweep(folder)
    with atomic_write(folder / "sweep.json") as path:
        path.write_text(json_text(_plain(sweep)))
    with atomic_write(folder / "sweep.md") as path:
        path.write_text(markdown(sweep), encoding="utf-8")
    figure, panels = folder / "sweep.png" if sweep.finished else None, swept_curves(sweep)
    if figure is not None:
        with atomic_write(figure) as path:
            if panels is None:
                plot_forest(_estimates(sweep), path)
            else:
                plot_curves(panels, sweep.numbers[0], path)
    with atomic_write(folder / "sweep.html") as path:
        against = None if panels is None else sweep.numbers[0]
        path.write_text(render_sweep_page(sweep, folder, figure, against), encoding="utf-8")
    _print(sweep, folder, console or Console(emoji=False))


def _print(sweep: Sweep, folder: Path, console: Console) -> None:
    console.print()
    for line in evaluated_images(sweep):
        console.print(line, highlight=False, markup=False)
    for warning in sweep.warnings():
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
    if sweep.finished:
        header, attacks, blind = sweep_table(sweep)
        console.print(results_table(header, [("attacks", attacks), ("blind", blind)], two_lines=True))
        console.print()
        console.print(NOTE, highlight=False)
    for job in sweep.missing:
        console.print(f"[red]missing[/red] job {job.name}: {escape(describe(sweep, job))}", highlight=False)
        console.print(f"         see {escape(str(folder / job.name / 'run.log'))}", soft_wrap=True, highlight=False)
    console.print(f"sweep   {escape(str(folder / 'sweep.html'))}", soft_wrap=True, highlight=False)


def _plain(sweep: Sweep) -> dict[str, object]:
    return {
        "schema": 1,
        "name": sweep.name,
        "jobs": [
            {
                "job": job.name,
                "overrides": job.overrides,
                "metrics": job.metrics if isinstance(job, FinishedJob) else None,
            }
            for job in sweep.jobs
        ],
        "missing": [job.name for job in sweep.missing],
    }


def _estimates(sweep: Sweep) -> list[Estimate]:
    return [
        Estimate(_math_label(row), row.result["auc"], tuple(row.result["auc_ci95"]), row.separates is not None)
        for row in (*sweep.attack_rows(), *sweep.blind_rows())
    ]


def _math_label(row: SweepRow) -> str:
    setting = row.setting.replace("$", r"\$")
    return f"{math_title(row.declared)} ({setting})" if setting else math_title(row.declared)
