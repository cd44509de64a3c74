"""A sweep's results as text: rows and Markdown."""

from mia_exp.core.markdown import markdown_table
from mia_exp.report.answer import Row, images, percent, with_interval
from mia_exp.report.job_folder import Job
from mia_exp.report.sweep_results import Sweep, SweepRow

FPR = "0.01"
HEADER = (
    "AUC",
    f"TPR at {percent(float(FPR))} FPR",
    "balanced accuracy",
    "accuracy at its threshold",
    "AUC difference to L_rec",
)


def sweep_table(sweep: Sweep) -> tuple[list[str], list[Row], list[Row]]:
    """The titles of the number columns, the attacks' rows and the blind rows, without empty columns."""
    attacks, blind = sweep.attack_rows(), sweep.blind_rows()
    cells = [_cells(row) for row in (*attacks, *blind)]
    filled = [place for place in range(len(HEADER)) if any(line[place] for line in cells)]
    rows = [
        Row(
            row.declared.title,
            row.setting or row.declared.meaning,
            [line[place] for place in filled],
            row.separates,
        )
        for row, line in zip((*attacks, *blind), cells, strict=True)
    ]
    return [HEADER[place] for place in filled], rows[: len(attacks)], rows[len(attacks) :]


def evaluated_images(sweep: Sweep) -> list[str]:
    """The datasets and how many images of each were evaluated, one line each."""
    return list(dict.fromkeys(f"{job.metrics['dataset']}: {images(job.metrics)}." for job in sweep.finished))


def describe(sweep: Sweep, job: Job) -> str:
    """The overrides that distinguish a job; all overrides if none does."""
    return " ".join(sweep.setting([job]) or job.overrides)


def markdown(sweep: Sweep) -> str:
    """The table as Markdown, with the evaluated images above it and the missing jobs below it."""
    header, attacks, blind = sweep_table(sweep)
    rows = [[f"{row.name}: {row.meaning}", *row.cells] for row in attacks]
    for row in blind:
        mark = " (separates)" if row.separates else ""
        rows.append([f"*blind:* {row.name}{mark}: {row.meaning}", *row.cells])
    missing = [f"- missing: `{describe(sweep, job)}`" for job in sweep.missing]
    table = [markdown_table(["", *header], rows), "", "In brackets: 95 % intervals."] if attacks else []
    blocks = ["\n".join(block) for block in (evaluated_images(sweep), table, missing) if block]
    return "\n\n".join(blocks) + "\n"


def _cells(row: SweepRow) -> list[str]:
    result = row.result
    rate, accuracy = result["tpr_at_fpr"].get(FPR), result.get("accuracy")
    return [
        with_interval(result["auc"], result["auc_ci95"]),
        "" if rate is None else with_interval(rate, result["tpr_at_fpr_ci95"][FPR]),
        f"{result['balanced_accuracy']:.2f}",
        "" if accuracy is None else f"{accuracy:.2f}",
        "" if row.delta is None else with_interval(row.delta["auc"], row.delta["ci95"], signed=True),
    ]
