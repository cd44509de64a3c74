"""The stage chain: dataset -> split -> victim -> queries -> scores. The only part that sees all of it.

Each stage reads earlier ones and writes one artifact. Only the victim's training uses membership labels: later
stages are given sorted ids, and labels are joined with scores only in `evaluation`.
"""

from mia_exp.pipeline.pipeline import Pipeline

__all__ = ["Pipeline"]
