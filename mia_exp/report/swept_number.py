"""The settings whose numbers a sweep goes through, and how the numbers are best spaced on an axis."""

import math
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from statistics import median

import numpy as np

# From this ratio of the largest to the smallest number on, a logarithmic axis is considered.
DECADE = 10


class Spacing(Enum):
    """How numbers are placed on an axis: `symlog` is logarithmic with a place for 0."""

    linear = "linear"
    log = "log"
    symlog = "symlog"


def swept_numbers(jobs: Sequence[Sequence[str]]) -> list[str]:
    """The settings that every job has a number for, and not all the same: the one with the most numbers first.

    A seed is left out: it is a name that happens to be written in digits, and has no order.

    Args:
        jobs: The overrides of each, such as `attack.alpha=0.5`.
    """
    found = {}
    for setting in dict.fromkeys(word.partition("=")[0] for word in jobs[0]) if jobs else ():
        numbers = [number_in(words, setting) for words in jobs]
        if None not in numbers and len(set(numbers)) > 1 and setting.rpartition(".")[2] != "seed":
            found[setting] = len(set(numbers))
    return sorted(found, key=lambda setting: -found[setting])


def number_in(words: Sequence[str], setting: str) -> float | None:
    """The number that overrides give a setting; None where they give none."""
    values = [word.partition("=")[2] for word in words if word.startswith(f"{setting}=")]
    try:
        number = float(values[-1])
    except (IndexError, ValueError):
        return None
    return number if math.isfinite(number) else None


def spacing(numbers: Sequence[float]) -> Spacing:
    """The spacing that keeps neighbours furthest apart; logarithmic ones only where numbers span a decade.

    Args:
        numbers: In ascending order, each once.
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
    """How far left of the smallest positive number 0 is placed, in decades: a step like the others."""
    logarithms = [math.log10(number) for number in numbers if number > 0]
    return median(after - before for before, after in pairwise(logarithms))


def _narrowest(places: Sequence[float]) -> float:
    """The smallest gap between neighbours, as a share of the whole."""
    return float(np.diff(places).min()) / (places[-1] - places[0])
