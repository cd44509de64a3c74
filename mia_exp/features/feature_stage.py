"""A stage of a backbone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureStage:
    """One stage: its number of channels, and its stride in image pixels."""

    channels: int
    stride: int
