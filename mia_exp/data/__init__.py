"""Pairs (x, y): where they come from, how they are decoded and kept, and who is a member."""

from mia_exp.data.augment import EpochBatches, TrainingPairs, augmented
from mia_exp.data.download import fetch_archive
from mia_exp.data.image import Conversion, decode, resize
from mia_exp.data.image_file import save_images
from mia_exp.data.openmoji import ATTRIBUTION
from mia_exp.data.registry import official_partitions, open_source
from mia_exp.data.sides import check_sides
from mia_exp.data.source import InputLayout, PairSource, Record
from mia_exp.data.splits import Split, make_split
from mia_exp.data.store import PairStore

__all__ = [
    "ATTRIBUTION",
    "Conversion",
    "EpochBatches",
    "InputLayout",
    "PairSource",
    "PairStore",
    "Record",
    "Split",
    "TrainingPairs",
    "augmented",
    "check_sides",
    "decode",
    "fetch_archive",
    "make_split",
    "official_partitions",
    "open_source",
    "resize",
    "save_images",
]
