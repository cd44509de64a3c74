"""Titles and meanings of the columns of a run, from its `metrics.json`."""

from collections.abc import Mapping
from typing import Any

from mia_exp.core.column import Column


def columns_of(metrics: Mapping[str, Any]) -> dict[str, Column]:
    """The columns of a run by name, in display order."""
    return {name: Column(**described) for name, described in metrics["columns"].items()}


def title(metrics: Mapping[str, Any], name: str) -> str:
    """`l_rec` -> `L_rec`."""
    return columns_of(metrics)[name].title


def meaning(metrics: Mapping[str, Any], name: str) -> str:
    """A short description of what the column measures."""
    return columns_of(metrics)[name].meaning


def math_title(column: Column) -> str:
    """`L_rec` -> an L with a subscript, in matplotlib's math notation."""
    symbol, _, index = column.title.partition("_")
    return rf"${symbol}_{{\mathrm{{{index}}}}}$" if index else symbol
