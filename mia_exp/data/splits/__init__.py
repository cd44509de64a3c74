"""Who is a member: the lists of a split, and a file for each way to draw them."""

from mia_exp.data.splits.split import Split, SplitRule, ordered

__all__ = ["Split", "SplitRule", "ordered"]
