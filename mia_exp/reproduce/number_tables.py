"""All numbers of a scale as CSV, beside the results: each cell of each claim, and each cell of each table."""

import csv
from collections.abc import Sequence
from pathlib import Path

from mia_exp.core.storage import atomic_write
from mia_exp.reproduce.estimates import SeedEstimate
from mia_exp.reproduce.findings import WORDS, Outcome
from mia_exp.reproduce.item_tables import lines_of
from mia_exp.reproduce.published import Published
from mia_exp.reproduce.scale_results import Case, Results
from mia_exp.reproduce.setting import differences, place

CLAIM_COLUMNS = ("claim", "victim", "dataset", "split", "detail", "statistic", "n_members", "n_cells")
INTERVAL_COLUMNS = ("mean", "low95", "high95")
TABLE_COLUMNS = ("table", "row", "victim", "dataset", "split", "n_members")


def write_numbers(results: Results, outcomes: Sequence[Outcome], folder: Path) -> None:
    """Writes `cells.csv`, a line for each cell of each claim, and `tables.csv`, a line for each published number.

    Args:
        results: The results at one scale.
        outcomes: What they say on each claim.
        folder: Gets the files.
    """
    claims = [
        [
            outcome.claim.name,
            *_case(finding.cell.case),
            finding.cell.detail,
            finding.estimate.statistic.label,
            finding.estimate.n_members,
            len(outcome.findings),
            *_interval(finding.estimate),
            *(f"{end:.5f}" for end in finding.estimate.interval(len(outcome.findings))),
            WORDS[finding.held],
            _by_seed(finding.estimate),
        ]
        for outcome in outcomes
        for finding in outcome.findings
    ]
    corrected = ("low_corrected", "high_corrected", "verdict", "by_seed")
    _write(folder / "cells.csv", (*CLAIM_COLUMNS, *INTERVAL_COLUMNS, *corrected), claims)
    numbers = []
    for table, line, case, found in lines_of(results):
        different = differences(line.runs(results, case)[0], line.column)
        of_paper: list[Published | None] = [*line.numbers(case)] or [None]
        for published in of_paper:
            comparable = "" if published is None else "not comparable" if different else place(published, found)
            numbers.append(
                [
                    table,
                    line.label,
                    *_case(case),
                    found.n_members,
                    *_interval(found),
                    _by_seed(found),
                    "" if published is None else published.value,
                    "" if published is None else published.source,
                    comparable,
                    "; ".join(different),
                ]
            )
    beside = ("by_seed", "published", "source", "verdict", "differs")
    _write(folder / "tables.csv", (*TABLE_COLUMNS, *INTERVAL_COLUMNS, *beside), numbers)


def _case(case: Case) -> tuple[str, str, str]:
    return case.victim, case.dataset, case.split


def _interval(found: SeedEstimate) -> list[str]:
    return [f"{number:.5f}" for number in (found.value, *found.interval())]


def _by_seed(found: SeedEstimate) -> str:
    return " ".join(f"{seed}:{value:.5f}" for seed, value in found.by_seed.items())


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
