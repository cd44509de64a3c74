"""The stage chain: dataset -> split -> victim -> queries -> scores. The only part that sees all of it.

Each stage reads the ones before it and leaves one artifact. Membership labels stop at the victim: the stages
behind it are given sorted ids, and labels meet scores in `evaluation` alone.
"""

from mia_exp.pipeline.pipeline import Pipeline

__all__ = ["Pipeline"]
