"""A tiny run on the embedded drawings, in a folder whose artifacts the jobs of a module share."""

from pathlib import Path

import pytest

from tests.cli import TINY

SMALL = [
    *TINY,
    "victim.epochs=1",
    "split.n_members=5",
    "split.n_shadow=4",
    "shadow.n_pairs=4",
]
BY_VICTIM = {
    "pix2pix": [],
    "pix2pixhd": ["victim=pix2pixhd", "victim.blocks=1", "victim.downsamplings=2"],
}
BY_ATTACK = {
    "reconstruction": [],
    "ours": [],
    "augmented": ["attack.variants=2"],
    "multi_image": [],
    "supervised": ["attack.folds=2"],
    "shadow": ["attack.classifier.max_epochs=1", "attack.classifier.patches=2"],
}


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the jobs of a module run."""
    return tmp_path_factory.mktemp("composition")
