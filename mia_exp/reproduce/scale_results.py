"""All results at one scale, and the cells of the paper's tables among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mia_exp.core.column import Column
from mia_exp.reproduce.estimates import SeedEstimate, Tables, estimate, tables_of
from mia_exp.reproduce.runs import Run, read_runs
from mia_exp.reproduce.statistics import auc

VICTIMS = ("pix2pix", "pix2pixhd")
DATASETS = ("facades", "maps2sat", "cityscapes", "celeba")
SPLITS = ("random", "matched", "official")
NAMES = {
    "facades": "Facades",
    "maps2sat": "Maps2sat",
    "cityscapes": "Cityscapes",
    "celeba": "CelebA",
    "pix2pix": "pix2pix",
    "pix2pixhd": "pix2pixHD",
    "efficientnet_lite0": "EfficientNet-Lite0",
    "wide_resnet50_2": "Wide-ResNet50-2",
    "wide_resnet50_2_untrained": "untrained Wide-ResNet50-2",
}


@dataclass(frozen=True)
class Case:
    """A victim on a dataset with one kind of split.

    Attributes:
        victim: Such as `pix2pixhd`.
        dataset: Such as `maps2sat`.
        split: Such as `official`.
    """

    victim: str
    dataset: str
    split: str

    @property
    def title(self) -> str:
        """`pix2pixHD Maps2sat, official split`."""
        return f"{NAMES[self.victim]} {NAMES[self.dataset]}, {self.split} split"


ALL_CASES = tuple(Case(v, d, s) for v in VICTIMS for d in DATASETS for s in SPLITS)


@dataclass(frozen=True)
class Results:
    """The results of one scale.

    Attributes:
        folder: The folder of the results, such as `results/cpu`.
    """

    folder: Path

    def runs(self, *experiments: str) -> list[Run]:
        """The finished runs of some experiments and of their variants for one dataset or victim, `NAME_*`."""
        return [run for name in experiments for run in self._read(name)]

    def select(self, experiment: str, case: Case, **settings: Any) -> list[Run]:
        """The finished runs of a case that have some settings, such as `defense__sigma=0.1` for `defense.sigma`."""
        wanted = {key.replace("__", "."): value for key, value in settings.items()}
        return [
            run
            for run in self.runs(experiment)
            if case_of(run) == case and all(run.setting(key) == value for key, value in wanted.items())
        ]

    def tables(self, experiment: str, case: Case, **settings: Any) -> Tables:
        """Their scores by seed; empty if none has finished."""
        return tables_of(self.select(experiment, case, **settings))

    def auc(self, experiment: str, case: Case, column: str, **settings: Any) -> SeedEstimate | None:
        """A column's AUC over the seeds of a case; None if no run has finished."""
        key = (experiment, case, column, *sorted(settings.items()))
        if key not in self._aucs:
            tables = self.tables(experiment, case, **settings)
            statistic = auc(column, self.columns(experiment)) if tables else None
            self._aucs[key] = None if statistic is None else estimate(tables, statistic, case.dataset)
        return self._aucs[key]

    def columns(self, *experiments: str) -> Mapping[str, Column]:
        """The columns of some experiments."""
        return {name: column for run in self.runs(*experiments) for name, column in run.columns.items()}

    def cases(self, experiment: str) -> Iterator[Case]:
        """The cases that an experiment has finished runs of, in the paper's order."""
        found = {case_of(run) for run in self.runs(experiment)}
        return (case for case in ALL_CASES if case in found)

    def values(self, experiment: str, case: Case, setting: str) -> list[Any]:
        """The values of a swept setting, ascending."""
        return sorted({run.setting(setting) for run in self.select(experiment, case)})

    def _read(self, experiment: str) -> Sequence[Run]:
        if experiment not in self._cache:
            names = [experiment, *(f"{experiment}_{suffix}" for suffix in VARIANTS)]
            # With a dataset on the command line, a variant has jobs of the experiment again.
            distinct: dict[str, Run] = {}
            for run in read_runs(self.folder, names):
                if run.metrics is not None:
                    distinct.setdefault(" ".join(sorted(run.name.split())), run)
            self._cache[experiment] = list(distinct.values())
        return self._cache[experiment]

    @cached_property
    def _aucs(self) -> dict[tuple[Any, ...], SeedEstimate | None]:
        return {}

    @cached_property
    def _cache(self) -> dict[str, list[Run]]:
        return {}


# An experiment for other datasets or victims has the name of the first and one of these.
VARIANTS = ("cityscapes", "pix2pix", "cityscapes_pix2pix")


def case_of(run: Run) -> Case:
    """The case of a finished run."""
    about = run.about
    return Case(about["victim"]["kind"], about["dataset"], about["split"]["kind"])
