"""Results as one self-contained HTML file: figures embedded, no scripts, no network."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from mia_exp.report.answer import (
    NO_BLIND_DIFFERENCE,
    answer,
    attack_rows,
    blind_rows,
    damage_rows,
    delta_rows,
    detail_lines,
    header,
    question,
    rate_notes,
)
from mia_exp.report.job_folder import FinishedJob
from mia_exp.report.run_figures import ReportFigure
from mia_exp.report.sweep_results import Sweep
from mia_exp.report.sweep_table import describe, evaluated_images, sweep_table

BLIND_ROWS = "Blind columns: they do not query the model"
# Parts of `metrics.json` with settings, in the order of the pipeline.
SETTINGS = ("split", "victim", "query", "defense", "features", "difficulty", "attack", "shadow")


def render_page(
    metrics: Mapping[str, Any], figures: Sequence[tuple[ReportFigure, Path]], attribution: Sequence[str]
) -> str:
    """Renders the page of a run; all text from outside is escaped.

    Args:
        metrics: The content of `metrics.json`.
        figures: Each with its PNG, in display order.
        attribution: Lines that the dataset's licence requires.

    Returns:
        HTML.
    """
    return _render(
        "report.html.j2",
        title=f"Membership report: {metrics.get('name', metrics['dataset'])}",
        question=question(metrics),
        warnings=metrics["warnings"],
        no_blind_difference=None
        if any(result["separates"] for result in metrics["blind"].values())
        else NO_BLIND_DIFFERENCE,
        answer=answer(metrics),
        header=header(metrics),
        rate_notes=rate_notes(metrics),
        details=detail_lines(metrics),
        damage=damage_rows(metrics),
        groups=[
            ("Attacks", attack_rows(metrics)),
            ("Differences between attacks", delta_rows(metrics)),
            (BLIND_ROWS, blind_rows(metrics)),
        ],
        figures=[(figure, _embedded(path)) for figure, path in figures],
        settings={name: _flat(metrics[name]) for name in SETTINGS if name in metrics},
        provenance=_flat(metrics["provenance"]),
        attribution=attribution,
    )


def render_sweep_page(sweep: Sweep, folder: Path, figure: Path | None, against: str | None = None) -> str:
    """Writes the page of a sweep; everything that comes from outside is escaped.

    Args:
        sweep: Its jobs.
        folder: The sweep's.
        figure: The PNG of its AUCs, or None where no job has results.
        against: The setting whose number the figure has on its horizontal axis; None where it lists the rows.

    Returns:
        HTML; it links to the pages of the jobs that were drawn, in the folders beside it.
    """
    header, attacks, blind = sweep_table(sweep)
    return _render(
        "sweep.html.j2",
        title=f"Sweep: {sweep.name}",
        evaluated=evaluated_images(sweep),
        warnings=sweep.warnings(),
        header=header,
        groups=[("Attacks", attacks), (BLIND_ROWS, blind)],
        figure=None if figure is None else _embedded(figure),
        against=against,
        jobs=[
            (
                job.name,
                describe(sweep, job),
                isinstance(job, FinishedJob),
                (folder / job.name / "report.html").is_file(),
            )
            for job in sweep.jobs
        ],
        folder=str(folder),
    )


def _render(template: str, **content: Any) -> str:
    environment = Environment(
        loader=PackageLoader("mia_exp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)


def _embedded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings flattened to dotted names."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
