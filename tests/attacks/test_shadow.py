"""The loss-map classifier: separable maps, shuffled labels, when training stops and what is kept."""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from torchvision.models import ResNet, resnet50

from mia_exp.attacks.classifier_record import read_classifier_record
from mia_exp.attacks.classifier_settings import ClassifierSettings
from mia_exp.attacks.numerics.loss_map_classifier import (
    WEIGHTS_FILE,
    LossMapClassifier,
    score_maps,
    train_classifier,
)
from mia_exp.attacks.numerics.loss_map_patches import EVALUATION_EPOCH, Patches, divided_rows
from mia_exp.core.errors import TrainingError, WeightsError
from mia_exp.training.losses_file import LOSSES_FILE, read_losses
from mia_exp.training.trainer_settings import TrainerSettings
from tests.attacks.made_maps import CONFIG, SIDE, names, noise, separated_maps

CPU = torch.device("cpu")
TRAINER = TrainerSettings(accelerator="cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Patches this small are slower on many threads, and sums on one have one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def separated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of maps that separate, after three steps in each of four epochs."""
    folder = tmp_path_factory.mktemp("classifier")
    train_classifier(*separated_maps(), CONFIG, TRAINER, folder)
    return folder


def test_maps_that_separate_perfectly_give_auc_1(separated: Path) -> None:
    fresh = np.concatenate([noise(20, 10, 2), noise(20, 60, 3)])
    scores = score_maps(separated, fresh, names(40, "b"), CONFIG, CPU)
    assert roc_auc_score(np.arange(40) < 20, scores) == 1.0
    assert scores.dtype == np.float64 and scores.min() >= 0 and scores.max() <= 1


def test_a_score_is_the_mean_probability_of_the_patches(separated: Path) -> None:
    # Recomputed here: torchvision's network, the saved weights, the patches of one map.
    maps = noise(1, 30, 9)
    network = resnet50(num_classes=2)
    network.load_state_dict(load_file(separated / WEIGHTS_FILE))
    patches = Patches(maps, ["one"], np.zeros(1, bool), CONFIG)
    with torch.no_grad():
        # In one batch, as there: another batch size is another order of float32 sums.
        logits = network.eval()(torch.stack([patches.patch(EVALUATION_EPOCH, 0, number) for number in range(4)]))
    expected = np.mean([1 / (1 + np.exp(float(held_out - trained_on))) for trained_on, held_out in logits])
    assert score_maps(separated, maps, ["one"], CONFIG, CPU) == pytest.approx([expected], abs=1e-6)


def test_losses_fall_and_are_kept(separated: Path) -> None:
    rows = read_losses(separated / LOSSES_FILE)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    # 12 of 16 maps with 4 patches each, 16 patches a step.
    assert [row["classifier_steps"] for row in rows] == [3, 6, 9, 12]
    # Chance has loss log 2 = 0.69 and accuracy 0.5.
    assert rows[-1]["classifier_loss"] < 0.35 < rows[0]["classifier_loss"]
    assert min(row["classifier_validation_loss"] for row in rows) < 0.35
    assert rows[-1]["classifier_accuracy"] > 0.9 and max(row["classifier_validation_accuracy"] for row in rows) == 1


def shuffled_maps() -> tuple[np.ndarray, list[str], np.ndarray]:
    """Maps whose labels say nothing of them: the classifier learns them by heart."""
    return noise(16, 30, 4), names(16, "a"), np.random.default_rng(5).permutation(np.arange(16) >= 8)


IMPATIENT = replace(CONFIG, max_epochs=40, patience=2, learning_rate=1e-3)


@pytest.fixture(scope="module")
def overfitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of shuffled maps, whose training was stopped."""
    folder = tmp_path_factory.mktemp("overfitted")
    train_classifier(*shuffled_maps(), IMPATIENT, TRAINER, folder)
    return folder


def test_training_stops_when_the_validation_loss_no_longer_falls(overfitted: Path) -> None:
    losses = [row["classifier_validation_loss"] for row in read_losses(overfitted / LOSSES_FILE)]
    lowest = int(np.argmin(losses))
    assert len(losses) == lowest + 1 + 2 < 40
    # It did not stop late: no two epochs in a row had failed to lower it before.
    waits, best = [0], np.inf
    for loss in losses:
        waits.append(0 if loss < best else waits[-1] + 1)
        best = min(best, loss)
    assert waits.index(2) == len(losses)


def test_the_weights_of_the_best_epoch_are_kept(overfitted: Path, tmp_path: Path) -> None:
    rows = read_losses(overfitted / LOSSES_FILE)
    best = min(rows, key=lambda row: row["classifier_validation_loss"])
    # A training that ends with that epoch, whose weights are the last ones, has the same.
    until_then = replace(IMPATIENT, max_epochs=int(best["epoch"]), patience=40)
    train_classifier(*shuffled_maps(), until_then, TRAINER, tmp_path)
    kept, last = (load_file(folder / WEIGHTS_FILE) for folder in (overfitted, tmp_path))
    assert all(torch.equal(kept[name], last[name]) for name in last)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_recorded_loss_is_that_of_the_kept_weights_on_validation_maps(precision: str, tmp_path: Path) -> None:
    maps, ids, held_out = separated_maps()
    config = replace(CONFIG, patch_size=22, max_epochs=2)
    train_classifier(maps, ids, held_out, config, replace(TRAINER, precision=precision), tmp_path)
    _, validation = divided_rows(ids, held_out, config)
    # As any other maps are scored: the probability that the shadow model was trained on the pair.
    trained_on = score_maps(tmp_path, maps[validation], [ids[row] for row in validation], config, CPU)
    correct = np.where(held_out[validation], 1 - trained_on, trained_on)
    losses = [row["classifier_validation_loss"] for row in read_losses(tmp_path / LOSSES_FILE)]
    assert min(losses) == pytest.approx(float(-np.log(correct).mean()), abs=1e-5)
    assert read_classifier_record(tmp_path).validation_accuracy == pytest.approx(float((correct > 0.5).mean()))


def test_validation_maps_are_never_trained_on(tmp_path: Path) -> None:
    # Each map has one value throughout, so that a patch says which map it is of.
    order = np.random.default_rng(0).permutation(20)
    maps = np.broadcast_to(order.astype(np.uint8)[:, None, None, None], (20, SIDE, SIDE, 3))
    ids = [f"{value:02d}" for value in order]
    training, validation = divided_rows(ids, order >= 10, CONFIG)
    seen: dict[bool, set[int]] = {True: set(), False: set()}

    def look(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, ResNet):
            seen[module.training].update((inputs[0] * 255).round().int().unique().tolist())

    hook = torch.nn.modules.module.register_module_forward_pre_hook(look)
    try:
        train_classifier(maps, ids, order >= 10, replace(CONFIG, max_epochs=2), TRAINER, tmp_path)
    finally:
        hook.remove()
    # In training mode patches also enter batch norm's statistics.
    assert seen[True] == {int(order[row]) for row in training}
    assert seen[False] == {int(order[row]) for row in validation}
    assert len(seen[True]) == 16 and len(seen[False]) == 4 and not seen[True] & seen[False]


def test_the_record_is_that_of_the_kept_epoch(tmp_path: Path) -> None:
    (tmp_path / LOSSES_FILE).write_text(
        "epoch,classifier_accuracy,classifier_loss,classifier_steps,"
        "classifier_validation_accuracy,classifier_validation_loss\n"
        "1,0.5,0.7,38.0,0.55,0.69\n2,0.9,0.2,76.0,0.9,0.25\n3,0.95,0.1,114.0,0.95,0.25\n4,1.0,0.05,152.0,0.8,0.4\n"
    )
    record = read_classifier_record(tmp_path)
    assert (record.epochs, record.steps, record.kept_epoch, record.kept_steps) == (4, 152, 2, 76)
    assert record.validation_accuracy == 0.9


def test_shuffled_labels_give_a_half_within_its_interval(overfitted: Path) -> None:
    scores = score_maps(overfitted, noise(60, 30, 6), names(60, "b"), IMPATIENT, CPU)
    # Two groups of 30 that differ in nothing: three standard errors of the AUC are 0.226.
    assert abs(roc_auc_score(np.arange(60) % 2 == 0, scores) - 0.5) < 0.226


def test_a_map_has_the_same_score_alone_in_any_order_and_elsewhere(separated: Path, tmp_path: Path) -> None:
    maps, ids = noise(5, 30, 7), names(5, "c")
    together = score_maps(separated, maps, ids, CONFIG, CPU)
    backwards = score_maps(separated, maps[::-1], ids[::-1], CONFIG, CPU)[::-1]
    shutil.copy(separated / WEIGHTS_FILE, tmp_path)
    alone = [score_maps(tmp_path, maps[row : row + 1], ids[row : row + 1], CONFIG, CPU)[0] for row in (0, 3)]
    assert together == pytest.approx(backwards, abs=1e-12)
    assert together[[0, 3]] == pytest.approx(alone, abs=1e-6)
    # Another name has other patches.
    assert not np.array_equal(together, score_maps(separated, maps, names(5, "other"), CONFIG, CPU))


def test_training_depends_on_neither_order_nor_workers_nor_the_streams_around_it(
    tmp_path: Path, separated: Path
) -> None:
    maps, ids, held_out = separated_maps()
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    workers = replace(TRAINER, num_workers=2)
    train_classifier(maps[::-1], ids[::-1], held_out[::-1], CONFIG, workers, tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (tmp_path / LOSSES_FILE).read_text() == (separated / LOSSES_FILE).read_text()
    first, second = (load_file(folder / WEIGHTS_FILE) for folder in (tmp_path, separated))
    assert all(torch.equal(first[name], second[name]) for name in second)


def test_divergence_is_reported(tmp_path: Path) -> None:
    config = replace(CONFIG, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"classifier diverged: .* in epoch \d\. .*attack\.classifier"):
        train_classifier(noise(8, 30, 0), names(8, "a"), np.arange(8) >= 4, config, TRAINER, tmp_path)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_training_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = LossMapClassifier.training_step

    def interrupted(
        self: LossMapClassifier, batch: tuple[torch.Tensor, torch.Tensor], batch_idx: int
    ) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGINT)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(LossMapClassifier, "training_step", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train_classifier(*separated_maps(), CONFIG, TRAINER, tmp_path)
    assert signal.getsignal(signal.SIGINT) is handler
    assert not list(tmp_path.iterdir())


def test_a_classifier_has_a_format_in_its_header(separated: Path) -> None:
    with safe_open(separated / WEIGHTS_FILE, framework="pt") as file:
        assert file.metadata() == {"format": "mia_exp loss-map classifier 1", "patch_side": "16"}


def test_a_file_of_another_kind_or_patch_size_is_an_error(separated: Path, tmp_path: Path) -> None:
    maps, ids, file = noise(1, 30, 0), names(1, "c"), tmp_path / WEIGHTS_FILE

    def refusal(config: ClassifierSettings = CONFIG, folder: Path = tmp_path) -> str:
        with pytest.raises(WeightsError) as error:
            score_maps(folder, maps, ids, config, CPU)
        assert str(folder / WEIGHTS_FILE) in str(error.value)
        return str(error.value)

    assert "no such file" in refusal()
    file.write_bytes((separated / WEIGHTS_FILE).read_bytes()[:-1])
    assert "not a readable .safetensors file" in refusal()
    save_file({"weight": torch.zeros(1)}, file)
    assert "lacks the format" in refusal()
    other = refusal(replace(CONFIG, patch_size=20), separated)
    assert "patches of 16 pixels, but this run has 20" in other and "attack.classifier.patch_size" in other
