"""The swept numeric settings, and the best axis scale for their values."""

import math
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from statistics import median

import numpy as np

# A logarithmic axis is considered if the ratio of the largest to the smallest number is at least this.
DECADE = 10


class Spacing(Enum):
    """The scale of an axis: `symlog` is logarithmic, with 0 included."""

    linear = "linear"
    log = "log"
    symlog = "symlog"


def swept_numbers(jobs: Sequence[Sequence[str]]) -> list[str]:
    """The settings that have a number in every job, and not always the same: the one with the most values first.

    Seeds are left out, since their order has no meaning.

    Args:
        jobs: The overrides of each job, such as `attack.alpha=0.5`.
    """
    found = {}
    for setting in dict.fromkeys(word.partition("=")[0] for word in jobs[0]) if jobs else ():
        numbers = [number_in(words, setting) for words in jobs]
        if None not in numbers and len(set(numbers)) > 1 and setting.rpartition(".")[2] != "seed":
            found[setting] = len(set(numbers))
    return sorted(found, key=lambda setting: -found[setting])


def number_in(words: Sequence[str], setting: str) -> float | None:
    """The number that overrides set a setting to; None if there is none."""
    values = [word.partition("=")[2] for word in words if word.startswith(f"{setting}=")]
    try:
        number = float(values[-1])
    except (IndexError, ValueError):
        return None
    return number if math.isfinite(number) else None


def spacing(numbers: Sequence[float]) -> Spacing:
    """The scale with the largest minimum gap between neighbours; logarithmic only if numbers span a decade.

    Args:
        numbers: In ascending order, without duplicates.
    """
    positive = [number for number in numbers if number > 0]
    if numbers[0] < 0 or len(positive) < 2 or positive[-1] < DECADE * positive[0]:
        return Spacing.linear
    logarithms = [math.log10(number) for number in positive]
    if numbers[0] == 0:
        logarithms = [logarithms[0] - step_to_zero(numbers), *logarithms]
    if _narrowest(logarithms) <= _narrowest(numbers):
        return Spacing.linear
    return Spacing.symlog if numbers[0] == 0 else Spacing.log


def step_to_zero(numbers: Sequence[float]) -> float:
    """The distance of 0 from the smallest positive number, in decades: the median step of the others."""
    logarithms = [math.log10(number) for number in numbers if number > 0]
    return median(after - before for before, after in pairwise(logarithms))


def _narrowest(places: Sequence[float]) -> float:
    """The smallest gap between neighbours, as a share of the range."""
    return float(np.diff(places).min()) / (places[-1] - places[0])
