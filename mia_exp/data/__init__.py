"""Pairs (x, y): where they come from, how they are decoded and kept, and who is a member.

What needs torch or pandas is imported from its module: settings are composed without waiting for either.
"""

from mia_exp.data.pair_source import Dataset, InputLayout, PairSource, Record
from mia_exp.data.splits import Pool, Split, SplitRule

__all__ = ["Dataset", "InputLayout", "PairSource", "Pool", "Record", "Split", "SplitRule"]
