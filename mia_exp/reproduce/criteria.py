"""What an interval must show for a claim to hold."""

from dataclasses import dataclass

from mia_exp.evaluation.intervals import Interval


@dataclass(frozen=True)
class Above:
    """The number is above a bound: refuted where the whole interval is below it.

    Attributes:
        bound: In the unit of the statistic.
    """

    bound: float = 0.0

    def holds(self, interval: Interval) -> bool | None:
        """True, False, or None if the interval leaves it open."""
        low, high = interval
        return True if low > self.bound else False if high < self.bound else None


@dataclass(frozen=True)
class Below:
    """The number is below a bound: refuted where the whole interval is above it.

    Attributes:
        bound: In the unit of the statistic.
    """

    bound: float = 0.0

    def holds(self, interval: Interval) -> bool | None:
        """True, False, or None if the interval leaves it open."""
        low, high = interval
        return True if high < self.bound else False if low > self.bound else None


@dataclass(frozen=True)
class Within:
    """The number is about zero: held where the whole interval lies within a margin, refuted where it lies outside.

    Attributes:
        margin: In the unit of the statistic.
    """

    margin: float

    def holds(self, interval: Interval) -> bool | None:
        """True, False, or None if the interval leaves it open."""
        low, high = interval
        if -self.margin < low and high < self.margin:
            return True
        return False if low > self.margin or high < -self.margin else None


Criterion = Above | Below | Within
