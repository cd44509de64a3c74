"""A line through estimates, with a band for their intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes


def plot_band(
    axis: Axes,
    x: Sequence[float],
    estimates: Sequence[float],
    intervals: Sequence[Sequence[float]],
    color: str,
    marker: str,
    label: str,
    linestyle: str | tuple[int, tuple[float, ...]] = "-",
) -> None:
    """Draws a line through the estimates at x, in ascending order, and a band between the ends of their intervals.

    The interval of a single estimate is drawn as a line.
    """
    low, high = ([interval[end] for interval in intervals] for end in (0, 1))
    axis.fill_between(x, low, high, color=color, alpha=0.12, linewidth=0)
    if len(x) == 1:
        axis.vlines(x, low, high, color=color)
    axis.plot(x, estimates, color=color, marker=marker, linestyle=linestyle, label=label)
