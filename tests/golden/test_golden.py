"""Regression tests: these numbers were printed by this package, not computed independently.

What makes them right is held by the tests against independent references. Where a change is meant to move them,
raise the version of the stage that makes them, and print them anew: `python -m tests.golden.test_golden`.
"""

import json
from pathlib import Path

import pytest
import torch

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer
from mia_exp.data import Pool
from mia_exp.data.readers.openmoji import OpenMojiDataset
from mia_exp.data.splits.random_split import RandomSplit
from mia_exp.data.tensors import to_tensor
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0

GOLDEN = Path(__file__).with_name("numbers.json")
DRAWINGS = ("1F600", "1F408", "1F3E0", "1F9C0")


def numbers() -> dict[str, object]:
    source = OpenMojiDataset().open(Path())
    pairs = [source.load(name, 64, 64)[:2] for name in DRAWINGS]
    scorer = DifficultyScorer(EfficientNetLite0(), DifficultySettings(), torch.device("cpu"))
    halves = [scorer(torch.stack([to_tensor(pair[half]) for pair in pairs])) for half in (0, 1)]
    split = RandomSplit(n_members=5).draw(Pool(source.records()))
    return {
        "l_diff_of_inputs": dict(zip(DRAWINGS, halves[0].tolist(), strict=True)),
        "l_diff_of_targets": dict(zip(DRAWINGS, halves[1].tolist(), strict=True)),
        "first_members_of_seed_0": list(split.members),
    }


def test_numbers_have_not_drifted() -> None:
    expected, found = json.loads(GOLDEN.read_text()), numbers()
    for name in ("l_diff_of_inputs", "l_diff_of_targets"):
        assert found[name] == pytest.approx(expected[name], rel=1e-4)
    assert found["first_members_of_seed_0"] == expected["first_members_of_seed_0"]


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(numbers(), indent=1) + "\n")
