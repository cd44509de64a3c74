"""The jobs of a sweep and their results: each distinct result once, labelled by the settings of its jobs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia_exp.core.column import Column
from mia_exp.core.errors import MiaError
from mia_exp.report.column_titles import columns_of
from mia_exp.report.job_folder import FinishedJob, Job, read_job
from mia_exp.report.swept_number import number_in, swept_numbers

# The settings that determine a job's images, outputs and attack: two jobs that differ in them have different
# results, even if the numbers agree.
IMAGES = ("dataset", "split")
MODEL = (*IMAGES, "victim", "query", "defense")
ATTACK = (*MODEL, "features", "difficulty", "attack", "shadow")
# These depend on the number of other blind columns of a job.
ADJUSTED = ("p_value_holm", "separates")


@dataclass(frozen=True)
class SweepRow:
    """One column, for all jobs with the same result.

    Attributes:
        column: Its name, such as `l_rec`.
        words: The overrides that distinguish these jobs from the others; may be empty.
        jobs: The jobs.
        panel: Rows of one panel have the same images, or images that differ only by the swept number.
        result: Its entry in `metrics.json`.
        delta: Its AUC difference to L_rec, if the jobs have one.
        separates: For a blind column, whether it separates the groups; None for the others.
    """

    column: str
    words: tuple[str, ...]
    jobs: tuple[FinishedJob, ...]
    panel: int
    result: Mapping[str, Any]
    delta: Mapping[str, Any] | None = None
    separates: bool | None = None

    @property
    def setting(self) -> str:
        """The distinguishing overrides as one line."""
        return " ".join(self.words)

    @property
    def label(self) -> str:
        """Title and setting."""
        return f"{self.declared.title} ({self.setting})" if self.words else self.declared.title

    @property
    def declared(self) -> Column:
        """The column's description in `metrics.json`."""
        return columns_of(self.jobs[0].metrics)[self.column]

    @property
    def distance(self) -> float:
        """The sort key of rows: the AUC, or for a blind column its distance from chance."""
        auc = float(self.result["auc"])
        return auc if self.separates is None else abs(auc - 0.5)

    def numbers(self, setting: str) -> list[float]:
        """The values of a numeric setting in its jobs, in ascending order."""
        found = {number_in(job.overrides, setting) for job in self.jobs}
        return sorted(number for number in found if number is not None)


@dataclass(frozen=True)
class Sweep:
    """All jobs that were started, in the order of their numbers.

    Attributes:
        name: The name of the runs.
        finished: Jobs with results.
        missing: Jobs without results.
    """

    name: str
    finished: list[FinishedJob]
    missing: list[Job]

    @property
    def jobs(self) -> list[Job]:
        """The finished and the missing ones."""
        return sorted([*self.finished, *self.missing], key=lambda job: _by_number(job.name))

    @property
    def numbers(self) -> list[str]:
        """The swept numeric settings, the one with the most values first."""
        return swept_numbers([job.overrides for job in self.finished])

    def attack_rows(self) -> list[SweepRow]:
        """The attacks' columns, grouped by images, the strongest first.

        Rows that differ only by the swept number are grouped, in the order of the number, by their strongest row.
        """
        return self._in_order(
            SweepRow(
                column,
                words,
                tuple(jobs),
                panel,
                jobs[0].metrics["attacks"][column],
                jobs[0].metrics["deltas"].get(f"{column} - l_rec"),
            )
            for column, words, jobs, panel in self._distinct_results("attacks")
        )

    def blind_rows(self) -> list[SweepRow]:
        """The columns that do not query a model, in the same order, the furthest from 0.5 first."""
        return self._in_order(
            SweepRow(
                column,
                words,
                tuple(jobs),
                panel,
                jobs[0].metrics["blind"][column],
                separates=any(job.metrics["blind"][column]["separates"] for job in jobs),
            )
            for column, words, jobs, panel in self._distinct_results("blind")
        )

    def warnings(self) -> list[str]:
        """The jobs' warnings, each once, with the setting if only some jobs have it."""
        found: dict[str, list[FinishedJob]] = {}
        for job in self.finished:
            for warning in job.metrics["warnings"]:
                found.setdefault(warning, []).append(job)
        settings = {warning: " ".join(_without_attack(self.setting(jobs))) for warning, jobs in found.items()}
        return [f"{setting}: {warning}" if setting else warning for warning, setting in settings.items()]

    def setting(self, jobs: Sequence[Job]) -> list[str]:
        """The overrides that `jobs` share and that not all jobs of the sweep have."""
        shared = [word for word in jobs[0].overrides if all(word in job.overrides for job in jobs)]
        return [word for word in shared if not all(word in job.overrides for job in self.jobs)]

    def _distinct_results(self, part: str) -> Iterator[tuple[str, tuple[str, ...], list[FinishedJob], int]]:
        """Each column with the overrides, the jobs and the panel of each distinct result."""
        found: dict[tuple[str, str], list[FinishedJob]] = {}
        for job in self.finished:
            for column in job.metrics[part]:
                found.setdefault((column, _finding(job.metrics, part, column)), []).append(job)
        groups = [(column, jobs) for (column, _), jobs in found.items()]
        panels = self._panels()
        for column, jobs in groups:
            yield column, self._row_words(column, jobs, groups), jobs, panels[jobs[0].name]

    def _panels(self) -> dict[str, int]:
        """The panel of each job: shared by jobs with the same images, or that differ only by a swept number."""
        numbers = self.numbers
        first: dict[tuple[str, ...], str] = {}
        for job in self.finished:
            first.setdefault(without(job.overrides, numbers), _settings(job.metrics, IMAGES))
        images = list(dict.fromkeys(first.values()))
        return {job.name: images.index(first[without(job.overrides, numbers)]) for job in self.finished}

    def _in_order(self, rows: Iterable[SweepRow]) -> list[SweepRow]:
        rows, numbers = list(rows), self.numbers
        families: dict[tuple[int, str, tuple[str, ...]], float] = {}
        for row in rows:
            family = row.panel, row.column, without(row.words, numbers)
            families[family] = max(families.get(family, 0.0), row.distance)
        order = sorted(families, key=lambda family: (family[0], -families[family]))

        def place(row: SweepRow) -> tuple[float, ...]:
            family = row.panel, row.column, without(row.words, numbers)
            return order.index(family), *(row.numbers(setting)[0] for setting in reversed(numbers))

        return sorted(rows, key=place)

    def _row_words(
        self, column: str, jobs: list[FinishedJob], groups: list[tuple[str, list[FinishedJob]]]
    ) -> tuple[str, ...]:
        # The column already names the attack.
        words = _without_attack(self.setting(jobs))
        others = [job for name, group in groups if name == column and group is not jobs for job in group]
        if any(set(words) <= set(job.overrides) for job in others):
            words.append(f"job{'s' if len(jobs) > 1 else ''} {', '.join(job.name for job in jobs)}")
        return tuple(words)


def collect_sweep(folder: Path) -> Sweep:
    """Reads the folders of a sweep's jobs; jobs that were never started have no folder.

    Args:
        folder: Has one folder per job with its `overrides.json` and, if it finished, its `metrics.json`.

    Raises:
        MiaError: It has no such folder.
    """
    finished, missing = [], []
    for path in sorted(folder.glob("*/overrides.json"), key=lambda path: _by_number(path.parent.name)):
        job = read_job(path.parent)
        if isinstance(job, FinishedJob):
            finished.append(job)
        elif job is not None:
            missing.append(job)
    if not finished and not missing:
        raise MiaError(f"expected a sweep: folders with an overrides.json each; found none in {folder}")
    return Sweep(finished[0].metrics["name"] if finished else folder.name, finished, missing)


def _finding(metrics: Mapping[str, Any], part: str, column: str) -> str:
    """The result and settings that two jobs must share to be shown as one row."""
    settings = IMAGES if part == "blind" else MODEL if column == "l_rec" else ATTACK
    result = {name: value for name, value in metrics[part][column].items() if name not in ADJUSTED}
    return json.dumps(result, sort_keys=True) + _settings(metrics, settings)


def _settings(metrics: Mapping[str, Any], names: Sequence[str]) -> str:
    return json.dumps([metrics.get(name) for name in names], sort_keys=True)


def without(words: Sequence[str], settings: Sequence[str]) -> tuple[str, ...]:
    """The overrides of other settings than these."""
    return tuple(word for word in words if word.partition("=")[0] not in settings)


def _without_attack(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.startswith("attack=")]


def _by_number(name: str) -> tuple[int, str]:
    return len(name), name
