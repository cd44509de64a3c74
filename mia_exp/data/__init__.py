"""Pairs (x, y): datasets, decoding, storage, augmentation and splits."""

from mia_exp.data.augment import EpochBatches, TrainingPairs
from mia_exp.data.crop import augmented
from mia_exp.data.download import fetch_archive
from mia_exp.data.image import Conversion, decode, resize
from mia_exp.data.image_file import save_images
from mia_exp.data.sides import check_sides
from mia_exp.data.source import Dataset, InputLayout, PairSource, Record
from mia_exp.data.splits import Split, SplitRule
from mia_exp.data.store import PairStore

__all__ = [
    "Conversion",
    "Dataset",
    "EpochBatches",
    "InputLayout",
    "PairSource",
    "PairStore",
    "Record",
    "Split",
    "SplitRule",
    "TrainingPairs",
    "augmented",
    "check_sides",
    "decode",
    "fetch_archive",
    "resize",
    "save_images",
]
