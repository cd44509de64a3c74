"""The jobs of a sweep as one table: what each attack reaches, what is blind, and which jobs are missing."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mia_exp.report.answer import percent, with_interval
from mia_exp.report.forest import Estimate, plot_forest
from mia_exp.report.labels import meaning, title

FPR = "0.01"


@dataclass(frozen=True)
class Job:
    """One cell of a sweep.

    Attributes:
        name: Its folder's name, a number.
        overrides: What it was started with.
        metrics: The content of its `metrics.json`, or None if it did not finish.
    """

    name: str
    overrides: list[str]
    metrics: dict[str, Any] | None


@dataclass(frozen=True)
class SweepRow:
    """One column of one or several jobs that found the same.

    Attributes:
        column: Its name, such as `l_rec`.
        setting: The overrides that these jobs share and others have not.
        result: Its entry in `metrics.json`.
        delta: Its difference from L_rec, where the jobs have one.
        blind: Whether it never queries the model.
    """

    column: str
    setting: str
    result: Mapping[str, Any]
    delta: Mapping[str, Any] | None
    blind: bool

    @property
    def label(self) -> str:
        """Title and setting."""
        return f"{title(self.column)} ({self.setting})" if self.setting else title(self.column)


@dataclass(frozen=True)
class Sweep:
    """All jobs of a sweep, in the order of their numbers."""

    jobs: list[Job]

    @property
    def finished(self) -> list[Job]:
        """Those that have results."""
        return [job for job in self.jobs if job.metrics is not None]

    @property
    def missing(self) -> list[Job]:
        """Those that have none."""
        return [job for job in self.jobs if job.metrics is None]

    def setting(self, jobs: Sequence[Job]) -> str:
        """The overrides that `jobs` share and others have not; the attack's name is left to its columns."""
        shared = [word for word in jobs[0].overrides if all(word in job.overrides for job in jobs)]
        everywhere = {word for word in shared if all(word in job.overrides for job in self.jobs)}
        return " ".join(word for word in shared if word not in everywhere and not word.startswith("attack="))

    def rows(self, blind: bool) -> list[SweepRow]:
        """The attacks' columns, or the blind ones; what several jobs found alike stands there once."""
        found: dict[tuple[str, str], list[Job]] = {}
        for job in self.finished:
            assert job.metrics is not None
            for column, result in job.metrics["blind" if blind else "attacks"].items():
                # A blind column's adjusted p-value depends on how many others a job has; the finding does not.
                told = {name: value for name, value in result.items() if name != "p_value_holm"}
                found.setdefault((column, json.dumps(told, sort_keys=True)), []).append(job)
        rows = []
        for (column, _), jobs in found.items():
            metrics = jobs[0].metrics
            assert metrics is not None
            delta = metrics["deltas"].get(f"{column} - l_rec")
            result = metrics["blind" if blind else "attacks"][column]
            rows.append(SweepRow(column, self.setting(jobs), result, delta, blind))
        return rows


def collect_sweep(folder: Path) -> Sweep:
    """Reads the folders of a sweep's jobs."""
    jobs = []
    for path in sorted(folder.glob("*/overrides.json"), key=lambda path: (len(path.parent.name), path.parent.name)):
        metrics = path.parent / "metrics.json"
        found = json.loads(metrics.read_text()) if metrics.is_file() else None
        jobs.append(Job(path.parent.name, json.loads(path.read_text()), found))
    return Sweep(jobs)


def write_sweep_report(folder: Path, console: Console | None = None) -> None:
    """Writes `sweep.json`, `sweep.md` and `sweep.png`, and prints the table.

    Args:
        folder: Holds a folder a job.
        console: Where to print; by default standard output.
    """
    sweep = collect_sweep(folder)
    console = console or Console()
    everything = {
        "schema": 1,
        "jobs": [vars(job) for job in sweep.finished],
        "missing": [{"name": job.name, "overrides": job.overrides} for job in sweep.missing],
    }
    _write_whole(folder / "sweep.json", json.dumps(everything, indent=1, sort_keys=True, allow_nan=False) + "\n")
    if sweep.finished:
        _write_whole(folder / "sweep.md", markdown(sweep))
        plot_forest(_estimates(sweep), folder / "sweep.png")
        console.print(_table(sweep))
        for warning in _warnings(sweep):
            console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
        console.print(
            "Brackets: 95 % intervals. Blind columns never query the model; * separates.", highlight=False
        )
    for job in sweep.missing:
        words, log = " ".join(job.overrides), folder / job.name / "run.log"
        console.print(
            f"[red]missing[/red] job {job.name}: {escape(words)} (see {escape(str(log))})",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"table   {folder / 'sweep.md'}", soft_wrap=True, highlight=False)


def markdown(sweep: Sweep) -> str:
    """The table as Markdown."""
    lines = [_markdown_line(_header()), _markdown_line(["---"] * len(_header()))]
    for row in _ordered(sweep):
        name = f"blind: {row.label}" if row.blind else f"**{row.label}**"
        mark = " (separates)" if row.result.get("separates") else ""
        lines.append(_markdown_line([f"{name}{mark}: {meaning(row.column)}".rstrip(": "), *_cells(row)]))
    lines += [f"\nMissing: {' '.join(job.overrides)}" for job in sweep.missing]
    return "\n".join(lines) + "\n"


def _ordered(sweep: Sweep) -> list[SweepRow]:
    attacks = sorted(sweep.rows(blind=False), key=lambda row: -row.result["auc"])
    blind = sorted(sweep.rows(blind=True), key=lambda row: -abs(row.result["auc"] - 0.5))
    return [*attacks, *blind]


def _header() -> list[str]:
    return ["", "AUC", f"TPR at {percent(float(FPR))} FPR", "balanced accuracy", "accuracy", "AUC less L_rec's"]


def _cells(row: SweepRow) -> list[str]:
    result = row.result
    rate = result["tpr_at_fpr"].get(FPR)
    accuracy = result.get("accuracy")
    return [
        with_interval(result["auc"], result["auc_ci95"]),
        "" if rate is None else with_interval(rate, result["tpr_at_fpr_ci95"][FPR]),
        f"{result['balanced_accuracy']:.2f}",
        "" if accuracy is None else f"{accuracy:.2f}",
        "" if row.delta is None else with_interval(row.delta["auc"], row.delta["ci95"], signed=True),
    ]


def _table(sweep: Sweep) -> Table:
    described = sweep.finished[0].metrics or {}
    caption = (
        f"{described['dataset']}, {described['n_members']} members and {described['n_nonmembers']} non-members"
    )
    table = Table(box=None, pad_edge=False, header_style="bold", title=caption, title_justify="left")
    for name in _header():
        table.add_column(name)
    was_blind = False
    for row in _ordered(sweep):
        if row.blind and not was_blind:
            table.add_row()
            table.add_row("[dim]blind[/dim]")
            was_blind = True
        name = escape(row.label)
        table.add_row(f"[yellow]{name} *[/yellow]" if row.result.get("separates") else name, *_cells(row))
    return table


def _warnings(sweep: Sweep) -> list[str]:
    return list(dict.fromkeys(warning for job in sweep.finished for warning in (job.metrics or {})["warnings"]))


def _estimates(sweep: Sweep) -> list[Estimate]:
    return [
        Estimate(row.label, row.result["auc"], tuple(row.result["auc_ci95"]), row.blind) for row in _ordered(sweep)
    ]


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _write_whole(path: Path, text: str) -> None:
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
