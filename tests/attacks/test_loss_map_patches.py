"""Patches of loss maps: their positions, their batches, and the maps kept for validation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_lightning import LightningModule

from mia_exp.attacks.classifier_settings import ClassifierSettings
from mia_exp.attacks.numerics.loss_map_patches import (
    EVALUATION_EPOCH,
    PatchBatches,
    Patches,
    divided_rows,
    training_loader,
)
from mia_exp.training.fitting import make_trainer, quiet_lightning
from mia_exp.training.trainer_settings import TrainerSettings
from tests.attacks.made_maps import CONFIG, SIDE, names, noise, separated_maps

TRAINER = TrainerSettings(accelerator="cpu")


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
            witness, training_loader(Patches(*separated_maps(), CONFIG), range(16), num_workers)
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
    batches = PatchBatches(range(maps), replace(CONFIG, batch_size=batch))
    assert [len(addresses) for addresses in batches] == sizes and len(batches) == len(sizes)
    addresses = [address for few in batches for address in few]
    assert sorted(addresses) == [(0, row, number) for row in range(maps) for number in range(4)]


def test_patches_scale_with_the_image() -> None:
    config = ClassifierSettings()
    # 90 at 256 pixels, by hand: 22.5, 45, 90, 180, rounded to even.
    assert [config.patch_side(size) for size in (64, 128, 256, 512)] == [22, 45, 90, 180]
    assert replace(config, patch_size=30).patch_side(64) == 30


def divided_ids(ids: list[str], held_out: np.ndarray, config: ClassifierSettings) -> tuple[list[str], list[str]]:
    training, validation = divided_rows(ids, held_out, config)
    return [ids[row] for row in training], [ids[row] for row in validation]


def test_a_share_of_each_class_is_for_validation_whatever_the_order() -> None:
    ids, held_out = names(50, "a"), np.arange(50) >= 20
    training, validation = divided_ids(ids, held_out, replace(CONFIG, validation_share=0.3))
    assert sorted([*training, *validation]) == sorted(ids)
    # 0.3 of 20 and of 30.
    assert sum(held_out[ids.index(id)] for id in validation) == 9 and len(validation) == 15
    order = np.random.default_rng(0).permutation(50)
    shuffled = divided_ids([ids[row] for row in order], held_out[order], replace(CONFIG, validation_share=0.3))
    assert shuffled == (training, validation)
    assert divided_ids(ids, held_out, replace(CONFIG, validation_share=0.3, seed=1)) != (training, validation)


@pytest.mark.parametrize(("count", "share", "kept"), [(4, 0.1, 1), (4, 0.9, 3), (2, 0.2, 1), (100, 0.2, 20)])
def test_each_class_has_maps_of_both_kinds(count: int, share: float, kept: int) -> None:
    ids, held_out = names(2 * count, "a"), np.arange(2 * count) >= count
    training, validation = divided_rows(ids, held_out, replace(CONFIG, validation_share=share))
    assert held_out[validation].sum() == kept and len(validation) == 2 * kept
    assert held_out[training].sum() == count - kept and len(training) == 2 * (count - kept)
