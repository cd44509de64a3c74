"""Splits into members, non-members and shadow lists; one file for each way to draw them."""

from mia_exp.data.splits.split import Pool, Split, SplitRule, ordered

__all__ = ["Pool", "Split", "SplitRule", "ordered"]
