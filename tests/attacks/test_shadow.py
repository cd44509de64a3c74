"""The loss-map classifier: maps that separate, labels that mean nothing, patches that fall where they should."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mia_exp.attacks.shadow import JUDGED, LOSSES_FILE, PatchBatches, Patches, score_maps, train_classifier
from mia_exp.config import ClassifierConfig, TrainerConfig
from mia_exp.errors import TrainingError

CPU = torch.device("cpu")
TRAINER = TrainerConfig(accelerator="cpu")
CONFIG = ClassifierConfig(patches=4, patch_size=16, epochs=10, batch_size=16, learning_rate=3e-4)
SIDE = 32


def noise(count: int, amplitude: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.exponential(amplitude, (count, SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)


def names(count: int, kind: str) -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


@pytest.fixture(scope="module")
def separated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of small errors (trained on) against large ones (held out)."""
    folder = tmp_path_factory.mktemp("classifier")
    maps = np.concatenate([noise(12, 10, 0), noise(12, 60, 1)])
    train_classifier(maps, names(24, "a"), np.arange(24) >= 12, CONFIG, TRAINER, folder)
    return folder


def test_maps_that_separate_perfectly_give_auc_1(separated: Path) -> None:
    fresh = np.concatenate([noise(20, 10, 2), noise(20, 60, 3)])
    scores = score_maps(separated, fresh, names(40, "b"), CONFIG, CPU)
    assert roc_auc_score(np.arange(40) < 20, scores) == 1.0
    rows = (separated / LOSSES_FILE).read_text().splitlines()
    assert rows[0] == "epoch,loss,accuracy" and len(rows) == 11


def test_shuffled_labels_give_a_half_within_its_interval(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    held_out = rng.permutation(np.arange(24) >= 12)
    train_classifier(noise(24, 30, 4), names(24, "a"), held_out, CONFIG, TRAINER, tmp_path)
    scores = score_maps(tmp_path, noise(100, 30, 6), names(100, "b"), CONFIG, CPU)
    # Two groups of 50 that differ in nothing: three standard errors of the AUC are 0.173.
    assert abs(roc_auc_score(rng.permutation(np.arange(100) < 50), scores) - 0.5) < 0.173


def test_a_map_has_the_same_score_alone_and_in_any_order(separated: Path) -> None:
    maps, ids = noise(5, 30, 7), names(5, "c")
    together = score_maps(separated, maps, ids, CONFIG, CPU)
    backwards = score_maps(separated, maps[::-1], ids[::-1], CONFIG, CPU)[::-1]
    alone = [score_maps(separated, maps[row : row + 1], ids[row : row + 1], CONFIG, CPU)[0] for row in range(5)]
    assert together == pytest.approx(backwards, abs=1e-12)
    assert together == pytest.approx(alone, abs=1e-6)
    # Another name has other patches.
    assert not np.array_equal(together, score_maps(separated, maps, names(5, "other"), CONFIG, CPU))


def test_training_does_not_depend_on_the_order_of_the_maps(tmp_path: Path) -> None:
    maps = np.concatenate([noise(4, 10, 0), noise(4, 60, 1)])
    ids, held_out, config = names(8, "a"), np.arange(8) >= 4, replace(CONFIG, epochs=1)
    folders = [tmp_path / "forth", tmp_path / "back"]
    for folder, step in zip(folders, (1, -1), strict=True):
        folder.mkdir()
        train_classifier(maps[::step], ids[::step], held_out[::step], config, TRAINER, folder)
    assert (folders[0] / LOSSES_FILE).read_text() == (folders[1] / LOSSES_FILE).read_text()
    fresh = noise(3, 30, 8)
    first, second = (score_maps(folder, fresh, names(3, "d"), config, CPU) for folder in folders)
    assert first == pytest.approx(second, abs=1e-7)


def test_patches_fall_everywhere_inside_the_map() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    positions = np.stack([rows, columns, np.zeros_like(rows)], -1).astype(np.uint8)[None]
    patches = Patches(positions, ["one"], np.zeros(1, bool), CONFIG)
    seen = set()
    for number in range(400):
        cut = (patches.patch(0, 0, number) * 255).round().to(int)
        top, left = int(cut[0, 0, 0]), int(cut[1, 0, 0])
        assert cut.shape == (3, 16, 16)
        assert cut[0, :, 0].tolist() == list(range(top, top + 16))
        seen.add((top, left))
    # 17 x 17 places; both ends of both axes are among them.
    assert {top for top, _ in seen} == {left for _, left in seen} == set(range(17))


def test_patches_of_two_epochs_differ_and_judged_ones_are_their_own() -> None:
    patches = Patches(noise(1, 30, 0), ["one"], np.zeros(1, bool), CONFIG)
    cuts = [patches.patch(epoch, 0, 0).numpy().tobytes() for epoch in (0, 1, 2, 3, JUDGED)]
    assert len(set(cuts)) == 5


@pytest.mark.parametrize(("maps", "batch", "sizes"), [(4, 5, [5, 5, 6]), (4, 16, [16]), (3, 5, [5, 5, 2])])
def test_no_batch_is_a_single_patch(maps: int, batch: int, sizes: list[int]) -> None:
    batches = PatchBatches(names(maps, "a"), replace(CONFIG, batch_size=batch))
    assert [len(addresses) for addresses in batches] == sizes and len(batches) == len(sizes)
    addresses = [address for few in batches for address in few]
    assert sorted(addresses) == [(0, row, number) for row in range(maps) for number in range(4)]


def test_patches_scale_with_the_image() -> None:
    config = ClassifierConfig()
    # 90 at 256 pixels, by hand: 22.5, 45, 90, 180, rounded to even.
    assert [config.patch_side(size) for size in (64, 128, 256, 512)] == [22, 45, 90, 180]
    assert replace(config, patch_size=30).patch_side(64) == 30


def test_divergence_is_said(tmp_path: Path) -> None:
    config = replace(CONFIG, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"attack\.classifier\.learning_rate"):
        train_classifier(noise(8, 30, 0), names(8, "a"), np.arange(8) >= 4, config, TRAINER, tmp_path)
