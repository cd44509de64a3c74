"""The difficulty of images of another size than the victim's."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer
from mia_exp.config.compose import compose_run
from mia_exp.core.artifacts import Stage
from mia_exp.core.errors import DataError
from mia_exp.features.backbones.efficientnet_lite0 import EfficientNetLite0
from mia_exp.pipeline import Pipeline
from tests.cli import mia_exp, tiny
from tests.conftest import draw_pair

SIDE = 160


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder dataset of ten drawn pairs of 160 pixels."""
    root = tmp_path_factory.mktemp("large")
    for number in range(10):
        for folder, image in zip(("inputs", "targets"), draw_pair(number, SIDE), strict=True):
            (root / folder).mkdir(exist_ok=True)
            image.save(root / folder / f"{number}.png")
    return root


def opened(dataset: Path, output: Path, *words: str) -> Pipeline:
    return Pipeline(compose_run(tiny(dataset, f"output_dir={output}", *words)))


def scores(run: Pipeline, stage: Stage) -> pd.Series:
    column: pd.Series = run.evidence.table(stage)["l_diff"]
    return column


def expected(dataset: Path, ids: list[str], size: int, described: str = "targets") -> np.ndarray:
    """L_diff of files that are read and resized here."""

    def images(folder: str) -> torch.Tensor:
        resized = [
            Image.open(dataset / folder / f"{id}.png").convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
            for id in ids
        ]
        return torch.from_numpy(np.stack([np.asarray(image) for image in resized])).permute(0, 3, 1, 2) / 255

    scorer = DifficultyScorer(EfficientNetLite0(), DifficultySettings(), torch.device("cpu"))
    return scorer(images(described), images("targets"))


@pytest.mark.parametrize(("source", "described"), [("target", "targets"), ("input_to_target", "inputs")])
def test_the_image_is_taken_at_that_size(source: str, described: str, large: Path, tmp_path: Path) -> None:
    run = opened(large, tmp_path, "difficulty.image_size=128", f"difficulty.source={source}")
    found = scores(run, run.difficulty).loc[run.ids].to_numpy()
    assert found == pytest.approx(expected(large, run.ids, 128, described), rel=1e-6)
    # At the victim's 64 pixels it is another score, by more than rounding.
    small = expected(large, run.ids, 64, described)
    assert not np.isclose(found, small, rtol=0.01).all()
    plain = opened(large, tmp_path, f"difficulty.source={source}")
    assert scores(plain, plain.difficulty).loc[run.ids].to_numpy() == pytest.approx(small, rel=1e-6)


def test_training_is_weighted_by_the_difficulty_at_that_size(large: Path, tmp_path: Path) -> None:
    weighted = ["victim.difficulty_weighting=true", "split.n_members=4"]
    run = opened(large, tmp_path, *weighted, "difficulty.image_size=128")
    members = list(run.split_lists.members)
    found = scores(run, run.stages["victim_weighting"]).loc[members].to_numpy()
    assert found == pytest.approx(expected(large, members, 128), rel=1e-6)
    victims = [
        opened(large, tmp_path, *words).stages["victim"].key
        for words in (
            weighted,
            [*weighted, "difficulty.image_size=128"],
            ["split.n_members=4"],
            ["split.n_members=4", "difficulty.image_size=128"],
        )
    ]
    # Without weighting, the victim does not depend on the difficulty.
    assert victims[2] == victims[3] and len(set(victims)) == 3


def test_a_run_decodes_these_pairs_before_it_trains(large: Path, tmp_path: Path) -> None:
    words = tiny(large, "difficulty.image_size=128", "victim.epochs=1", "name=mine")
    assert mia_exp(*words, cwd=tmp_path).status == 0
    run = opened(large, tmp_path / "outputs", "difficulty.image_size=128", "victim.epochs=1")
    names = list(run.stages)
    assert names.index("difficulty_pairs") < names.index("victim")
    assert run.difficulty.inputs["pairs"].key == run.stages["difficulty_pairs"].key
    (table,) = tmp_path.glob("outputs/runs/mine/*/scores.parquet")
    assert pd.read_parquet(table)["l_diff"].to_numpy() == pytest.approx(expected(large, run.ids, 128), rel=1e-6)


def test_smaller_images_end_the_plan_and_the_run_before_any_work(large: Path, tmp_path: Path) -> None:
    words = tiny(large, "difficulty.image_size=200", "victim.epochs=1")
    for more in (["dry_run=true"], []):
        outcome = mia_exp(*words, *more, cwd=tmp_path)
        assert outcome.status == 1
        (error,) = re.findall(r"^error: .*", outcome.err, re.MULTILINE)
        assert "expected an image of at least 200x200 pixels, found 160x160; 19 more are too small" in error
        assert "Set difficulty.image_size=160, which fits all, or use larger images" in error
        assert "victim" not in error
    # Too large for the victim too: that is said first.
    outcome = mia_exp(*words, "victim.image_size=256", "dry_run=true", cwd=tmp_path)
    assert "Set victim.image_size=128, which fits all" in outcome.err
    assert not list(tmp_path.glob("outputs/artifacts/**/x.npy"))
    # It would do.
    assert mia_exp(*words, "difficulty.image_size=160", "dry_run=true", cwd=tmp_path).status == 0


def test_smaller_images_are_found_although_the_victims_pairs_are_decoded(large: Path, tmp_path: Path) -> None:
    first = opened(large, tmp_path)
    for name in ("victim_training_pairs", "pairs"):
        first.store.get(first.stages[name])
    # Pairs enlarged to 200 pixels are another artifact, which the difficulty must not be computed from.
    first.store.get(first.dataset.stage(200))
    with pytest.raises(DataError, match=r"difficulty\.image_size=160, which fits all"):
        opened(large, tmp_path, "difficulty.image_size=200", "victim.seed=5").run()
    assert not list(tmp_path.glob("artifacts/victim/**/*.safetensors"))


def test_a_shadow_dataset_may_be_smaller_unless_its_difficulty_is_computed(
    large: Path, folder_dataset: Path, tmp_path: Path
) -> None:
    words = ["attack=multi_image", "dataset@shadow.dataset=folder", f"shadow.dataset.root={folder_dataset}"]
    words += ["shadow.n_pairs=4", "difficulty.image_size=128"]
    opened(large, tmp_path, *words).evidence.own_dataset.check_sides()
    weighted = opened(large, tmp_path, *words, "victim.difficulty_weighting=true")
    with pytest.raises(DataError, match=r"at least 128x128 pixels, found 64x64.*Set difficulty\.image_size=64"):
        weighted.evidence.own_dataset.check_sides()
