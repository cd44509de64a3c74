"""The loss-map classifier: separable maps, shuffled labels, positions of patches."""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_lightning import LightningModule
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from torchvision.models import resnet50

from mia_exp.attacks.numerics.loss_map_classifier import (
    EVALUATION_EPOCH,
    LOSSES_FILE,
    WEIGHTS_FILE,
    LossMapClassifier,
    PatchBatches,
    Patches,
    patch_loader,
    score_maps,
    train_classifier,
)
from mia_exp.attacks.shadow import ClassifierSettings
from mia_exp.core.errors import TrainingError, WeightsError
from mia_exp.training.fitting import make_trainer, quiet_lightning
from mia_exp.training.trainer_settings import TrainerSettings

CPU = torch.device("cpu")
TRAINER = TrainerSettings(accelerator="cpu")
CONFIG = ClassifierSettings(patches=4, patch_size=16, epochs=3, batch_size=16, learning_rate=3e-4)
SIDE = 32


def noise(count: int, amplitude: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.exponential(amplitude, (count, SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)


def names(count: int, kind: str) -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Patches this small are slower on many threads, and sums on one have one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def separated_maps() -> tuple[np.ndarray, list[str], np.ndarray]:
    """Maps with small errors (trained on) and with large ones (held out)."""
    maps = np.concatenate([noise(8, 10, 0), noise(8, 60, 1)])
    return maps, names(16, "a"), np.arange(16) >= 8


@pytest.fixture(scope="module")
def separated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of them, after twelve steps."""
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
    header, *rows = (separated / LOSSES_FILE).read_text().splitlines()
    assert header == "epoch,classifier_accuracy,classifier_loss"
    epochs, accuracies, losses = zip(*(map(float, row.split(",")) for row in rows), strict=True)
    assert epochs == (1, 2, 3)
    # Chance has loss log 2 = 0.69 and accuracy 0.5.
    assert losses[-1] < 0.35 < losses[0] and accuracies[-1] > 0.9


def test_shuffled_labels_give_a_half_within_its_interval(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    held_out = rng.permutation(np.arange(16) >= 8)
    train_classifier(noise(16, 30, 4), names(16, "a"), held_out, CONFIG, TRAINER, tmp_path)
    scores = score_maps(tmp_path, noise(60, 30, 6), names(60, "b"), CONFIG, CPU)
    # Two groups of 30 that differ in nothing: three standard errors of the AUC are 0.226.
    assert abs(roc_auc_score(rng.permutation(np.arange(60) < 30), scores) - 0.5) < 0.226


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


class Witness(LightningModule):
    """Keeps the batches that a trainer hands it."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.seen: list[list[bytes]] = []

    def on_train_epoch_start(self) -> None:
        self.seen.append([])

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], batch_idx: int) -> None:
        patches, labels = batch
        self.seen[-1] += [
            patch.numpy().tobytes() + bytes([label]) for patch, label in zip(patches, labels.tolist(), strict=True)
        ]

    def configure_optimizers(self) -> None:
        return None


def batches_seen(num_workers: int, folder: Path) -> list[list[bytes]]:
    witness = Witness()
    with quiet_lightning():
        make_trainer(TRAINER, 3, [], folder, witness).fit(
            witness, patch_loader(*separated_maps(), CONFIG, num_workers)
        )
    return witness.seen


def test_a_trainer_gets_new_patches_in_each_epoch_whatever_the_number_of_workers(tmp_path: Path) -> None:
    epochs = batches_seen(0, tmp_path)
    assert [len(epoch) for epoch in epochs] == [64, 64, 64]
    # 4 of 17 x 17 places a map: a few may come twice, a whole epoch cannot.
    assert len(set().union(*map(set, epochs))) > 150
    assert epochs == batches_seen(2, tmp_path)


def test_patches_fall_everywhere_inside_the_map() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    positions = np.stack([rows, columns, np.zeros_like(rows)], -1).astype(np.uint8)[None]
    patches = Patches(positions, ["one"], np.zeros(1, bool), CONFIG)
    seen = set()
    for number in range(400):
        cut = (patches.patch(0, 0, number) * 255).round().int()
        top, left = int(cut[0, 0, 0]), int(cut[1, 0, 0])
        assert cut.shape == (3, 16, 16)
        assert cut[0, :, 0].tolist() == list(range(top, top + 16))
        seen.add((top, left))
    # 17 x 17 places; both ends of both axes are among them.
    assert {top for top, _ in seen} == {left for _, left in seen} == set(range(17))


def test_patches_of_two_epochs_and_of_evaluation_differ() -> None:
    patches = Patches(noise(1, 30, 0), ["one"], np.zeros(1, bool), CONFIG)
    cuts = [patches.patch(epoch, 0, 0).numpy().tobytes() for epoch in (0, 1, 2, 3, EVALUATION_EPOCH)]
    assert len(set(cuts)) == 5


@pytest.mark.parametrize(("maps", "batch", "sizes"), [(4, 5, [5, 5, 6]), (4, 16, [16]), (3, 5, [5, 5, 2])])
def test_no_batch_is_a_single_patch(maps: int, batch: int, sizes: list[int]) -> None:
    batches = PatchBatches(names(maps, "a"), replace(CONFIG, batch_size=batch))
    assert [len(addresses) for addresses in batches] == sizes and len(batches) == len(sizes)
    addresses = [address for few in batches for address in few]
    assert sorted(addresses) == [(0, row, number) for row in range(maps) for number in range(4)]


def test_patches_scale_with_the_image() -> None:
    config = ClassifierSettings()
    # 90 at 256 pixels, by hand: 22.5, 45, 90, 180, rounded to even.
    assert [config.patch_side(size) for size in (64, 128, 256, 512)] == [22, 45, 90, 180]
    assert replace(config, patch_size=30).patch_side(64) == 30


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
