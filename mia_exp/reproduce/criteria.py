"""What an interval must show for a claim to hold."""

import math
from dataclasses import dataclass

from mia_exp.evaluation.intervals import Interval


@dataclass(frozen=True)
class Criterion:
    """The number lies between two bounds: refuted where the whole interval lies outside of them.

    Attributes:
        low: In the unit of the statistic.
        high: The same.
    """

    low: float = -math.inf
    high: float = math.inf

    def holds(self, interval: Interval) -> bool | None:
        """True, False, or None if the interval leaves it open."""
        low, high = interval
        if self.low < low and high < self.high:
            return True
        return False if high < self.low or self.high < low else None


def above(bound: float = 0.0) -> Criterion:
    """The number is above a bound."""
    return Criterion(low=bound)


def below(bound: float = 0.0) -> Criterion:
    """The number is below a bound."""
    return Criterion(high=bound)


def within(margin: float) -> Criterion:
    """The number is zero but for a margin."""
    return Criterion(-margin, margin)
