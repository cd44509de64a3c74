"""Estimates over seeds: the mean of a statistic over the runs that differ in the seed alone, with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from mia_exp.evaluation.intervals import LEVEL, Interval
from mia_exp.evaluation.roc import Floats, Weights
from mia_exp.evaluation.two_level import Sample, image_weights, two_level_auc_interval, two_level_interval
from mia_exp.reproduce.runs import MEMBER, Run
from mia_exp.reproduce.statistics import Statistic

# Resamples of the images.
REPLICATES = 1000
SEED = 0

# A run's scores by seed: runs that differ in nothing else.
Tables = Mapping[int, pd.DataFrame]


@dataclass(frozen=True)
class SeedEstimate:
    """A statistic over seeds.

    Attributes:
        statistic: What was estimated.
        dataset: The dataset that the images are of.
        by_seed: Its value for each seed.
        replicates: Its values on the resamples of the images, the same for all seeds and all estimates: (S, R).
        n_members: Members evaluated for each seed.
    """

    statistic: Statistic
    dataset: str
    by_seed: Mapping[int, float]
    replicates: Floats
    n_members: int

    @property
    def value(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(list(self.by_seed.values())))

    def interval(self, n_cells: int = 1) -> Interval:
        """The interval over images and seeds: 95 %, or so that `n_cells` of them hold at once (Bonferroni)."""
        sample = Sample(np.array(list(self.by_seed.values())), self.replicates)
        return _interval(self.statistic, [sample], self.n_members, 1 - (1 - LEVEL) / n_cells)

    def __str__(self) -> str:
        """`86.7 [82.4, 90.1]`."""
        return shown(self.statistic, self.value, self.interval())


def estimate(tables: Tables, statistic: Statistic, dataset: str) -> SeedEstimate:
    """Estimates a statistic from runs with several seeds.

    Args:
        tables: The runs' scores, indexed by id.
        statistic: What is estimated.
        dataset: The dataset that the ids are of.
    """
    replicates = [
        statistic.of(table, np.concatenate([_weights(dataset, id) for id in table.index], axis=1))
        for table in tables.values()
    ]
    by_seed = {seed: statistic.value(table) for seed, table in tables.items()}
    first = next(iter(tables.values()))
    return SeedEstimate(statistic, dataset, by_seed, np.stack(replicates), int(first[MEMBER].sum()))


def pooled(estimates: Sequence[SeedEstimate]) -> tuple[float, Interval]:
    """The mean of one statistic over several cells, and its 95 % interval.

    Cells of one dataset share images and splits, so that their mean is taken before the variances; datasets are
    independent.

    Args:
        estimates: Of the cells, with the same seeds in all cells of a dataset.
    """
    samples = []
    for dataset in dict.fromkeys(one.dataset for one in estimates):
        cells = [one for one in estimates if one.dataset == dataset]
        seeds = [seed for seed in cells[0].by_seed if all(seed in cell.by_seed for cell in cells)]
        if not seeds:
            # Of an interrupted experiment, cells may have no seed in common yet.
            cells, seeds = cells[:1], list(cells[0].by_seed)
        rows = [[list(cell.by_seed).index(seed) for seed in seeds] for cell in cells]
        values = np.mean([[cell.by_seed[seed] for seed in seeds] for cell in cells], axis=0)
        replicates = np.mean([cell.replicates[chosen] for cell, chosen in zip(cells, rows, strict=True)], axis=0)
        samples.append(Sample(values, replicates))
    mean = float(np.mean([sample.estimates.mean() for sample in samples]))
    smallest = min(one.n_members for one in estimates)
    return mean, _interval(estimates[0].statistic, samples, smallest, LEVEL)


def shown(statistic: Statistic, value: float, interval: Interval) -> str:
    """A value with its interval, in percent where the statistic is; differences have a sign."""
    factor, form = (100, ".1f") if statistic.percent else (1, ".2f")
    sign = "+" if statistic.signed else ""
    numbers = [format(factor * number, sign + form) for number in (value, *interval)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def tables_of(runs: Sequence[Run]) -> dict[int, pd.DataFrame]:
    """The scores of finished runs, by seed.

    Raises:
        ValueError: Two of the runs have the same seed.
    """
    tables = {run.seed: run.scores for run in sorted(runs, key=lambda run: run.seed)}
    if len(tables) < len(runs):
        raise ValueError(f"two runs of one seed: {', '.join(run.name for run in runs)}")
    return tables


def joined(*parts: Tables) -> dict[int, pd.DataFrame]:
    """The scores of different attacks or settings on the same images, side by side, for the seeds that all have.

    A column that several have is taken from the first.

    Raises:
        ValueError: Runs of one seed were evaluated on different images.
    """
    tables: dict[int, pd.DataFrame] = {}
    if not parts:
        return tables
    for seed in [seed for seed in parts[0] if all(seed in part for part in parts)]:
        table = parts[0][seed]
        for part in parts[1:]:
            other = part[seed]
            if not table.index.equals(other.index):
                raise ValueError(f"runs of seed {seed} were evaluated on different images")
            table = table.join(other[[name for name in other if name not in table]])
        tables[seed] = table
    return tables


def renamed(tables: Tables, suffix: str) -> dict[int, pd.DataFrame]:
    """The same with a suffix on each score's name, so that one column of several settings can be joined."""
    return {
        seed: table.rename(columns={name: f"{name}{suffix}" for name in table if name != MEMBER})
        for seed, table in tables.items()
    }


def _interval(statistic: Statistic, samples: Sequence[Sample], n_members: int, level: float) -> Interval:
    if statistic.logit:
        return two_level_auc_interval(samples, n_members, level)
    return two_level_interval(samples, level)


@lru_cache(maxsize=20_000)
def _weights(dataset: str, id: str) -> Weights:
    """How often an image occurs in each resample, (R, 1): the same in all runs, cells and experiments."""
    return image_weights([f"{dataset}/{id}"], REPLICATES, SEED)
