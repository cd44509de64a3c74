"""Splits into members, non-members and shadow lists; one file for each way to draw them."""

from mia_exp.data.splits.split import Split, SplitRule, ordered

__all__ = ["Split", "SplitRule", "ordered"]
