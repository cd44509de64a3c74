"""What `trainer.*` says reaches Lightning's Trainer, and what it cannot be ends in one line."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from safetensors.torch import load_file

from mia_exp.config.command_line import read_command
from mia_exp.core.errors import ConfigError
from mia_exp.data import InputLayout
from mia_exp.data.augment import TrainingPairs
from mia_exp.data.pairs_module import PairsModule
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.store import PairStore
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.adversarial import Batch
from mia_exp.victims.kept import generator_file
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.pix2pix.pix2pix_module import Pix2PixModule
from mia_exp.victims.train import train
from tests.cli import mia_exp, start, tiny

# Ten pairs in batches of two: five batches.
VICTIM = Pix2Pix(image_size=64, ngf=4, ndf=4, epochs=1, decay_epochs=0, batch_size=2)
DEFAULTS = TrainerSettings(accelerator="cpu")


@dataclass(frozen=True)
class Training:
    """A training, and what was seen while it ran.

    Attributes:
        folder: What it left.
        generator: The weights that it ended with.
        trainer: Lightning's.
        flags: What torch was set to in the last batch.
    """

    folder: Path
    generator: dict[str, torch.Tensor]
    trainer: Trainer
    flags: dict[str, Any]


@pytest.fixture(scope="module")
def store(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> PairStore:
    source = FolderDataset(root=str(folder_dataset)).open(Path())
    return PairStore.build(
        source, source.records(), VICTIM.load_size, VICTIM.image_size, tmp_path_factory.mktemp("store")
    )


def trained(store: PairStore, folder: Path, **options: Any) -> Training:
    """Trains a victim for an epoch."""
    folder.mkdir()
    pairs = TrainingPairs(store, store.ids[:10], VICTIM.image_size, VICTIM.augment, VICTIM.seed, None)
    trainers, flags = [], {}
    step = Pix2PixModule.training_step

    def watched(self: Pix2PixModule, batch: Batch, batch_idx: int) -> None:
        trainers.append(self.trainer)
        flags["deterministic"] = torch.are_deterministic_algorithms_enabled()
        flags["only warns"] = torch.is_deterministic_algorithms_warn_only_enabled()
        flags["benchmark"] = torch.backends.cudnn.benchmark
        flags["anomaly"] = torch.is_anomaly_enabled()
        step(self, batch, batch_idx)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pix2PixModule, "training_step", watched)
        data = PairsModule(pairs, VICTIM.batch_size, VICTIM.seed)
        train(VICTIM, replace(DEFAULTS, **options), InputLayout(), data, folder)
    return Training(folder, load_file(folder / generator_file(1)), trainers[0], flags)


@pytest.fixture(scope="module")
def plain(store: PairStore, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """A training with the defaults."""
    return trained(store, tmp_path_factory.mktemp("plain") / "v")


def same(a: Training, b: Training) -> bool:
    return all(torch.equal(tensor, b.generator[name]) for name, tensor in a.generator.items())


def test_the_defaults_are_lightnings(plain: Training) -> None:
    trainer = plain.trainer
    assert (trainer.num_devices, trainer.precision, trainer.accumulate_grad_batches) == (1, "32-true", 1)
    assert plain.flags == {"deterministic": True, "only warns": True, "benchmark": False, "anomaly": False}
    assert not list(plain.folder.glob("*profile*"))
    # Two optimisers, five batches.
    assert trainer.global_step == 10


HARMLESS = [
    ({"deterministic": True}, {"deterministic": True, "only warns": False}),
    ({"deterministic": False}, {"deterministic": False}),
    ({"benchmark": True}, {"benchmark": True}),
    ({"detect_anomaly": True}, {"anomaly": True}),
    ({"devices": 1, "strategy": "single_device"}, {}),
    ({"profiler": "simple"}, {}),
    ({"profiler": "advanced"}, {}),
]


@pytest.mark.parametrize(("options", "flags"), HARMLESS)
def test_where_and_how_it_is_watched_changes_no_bit(
    options: dict[str, Any], flags: dict[str, bool], plain: Training, store: PairStore, tmp_path: Path
) -> None:
    training = trained(store, tmp_path / "v", **options)
    assert {name: training.flags[name] for name in flags} == flags
    assert same(plain, training)


@pytest.mark.parametrize("profiler", ["simple", "advanced"])
def test_a_profile_lies_beside_what_was_trained(profiler: str, store: PairStore, tmp_path: Path) -> None:
    training = trained(store, tmp_path / "v", profiler=profiler)
    text = (training.folder / "fit-profile.txt").read_text()
    assert "training_step" in text
    # Only the advanced one is of Python's functions.
    assert ("function calls" in text) == (profiler == "advanced")


@pytest.mark.parametrize(("batches", "steps"), [(2, 3), (5, 1), (100, 1)])
def test_accumulated_batches_are_fewer_steps(batches: int, steps: int, store: PairStore, tmp_path: Path) -> None:
    training = trained(store, tmp_path / "v", accumulate_grad_batches=batches)
    assert training.trainer.global_step == 2 * steps


def test_mixed_precision_reaches_it_and_changes_the_numbers(
    plain: Training, store: PairStore, tmp_path: Path
) -> None:
    # How little is tested in test_training.
    training = trained(store, tmp_path / "v", precision="bf16-mixed")
    assert training.trainer.precision == "bf16-mixed" and not same(plain, training)


def test_what_changes_a_result_has_another_victim_and_what_does_not_has_the_same(
    folder_dataset: Path, tmp_path: Path
) -> None:
    """By the plan: a victim that is there is cached."""
    words = tiny(folder_dataset, "victim.epochs=1")
    assert mia_exp(*words, "trainer.profiler=simple", cwd=tmp_path).status == 0
    (profile,) = tmp_path.glob("outputs/artifacts/victim/*/fit-profile.txt")
    assert "training_step" in profile.read_text()

    def has_victim(*more: str) -> bool:
        plan = mia_exp(*words, *more, "dry_run=true", cwd=tmp_path).out.partition("Plan")[2]
        (line,) = [
            line for line in plan.splitlines() if line.split("│")[1:2] and line.split("│")[1].strip() == "victim"
        ]
        return "cached" in line

    watched = "trainer.benchmark=true trainer.detect_anomaly=true trainer.deterministic=true trainer.profiler=null"
    assert has_victim(*watched.split())
    assert not has_victim("trainer.precision=bf16-mixed")
    assert not has_victim("trainer.accumulate_grad_batches=2")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("precision=8", r"trainer\.precision=8: expected one of 32-true, bf16-mixed, 16-mixed"),
        ("precision=64-true", r"trainer\.precision=64-true: expected one of"),
        ("accumulate_grad_batches=0", r"trainer\.accumulate_grad_batches=0: expected 1 or more"),
        ("accumulate_grad_batches=two", r"trainer\.accumulate_grad_batches=two: .*Integer"),
        ("devices=2", r"trainer\.devices=2: expected 1, or a list with the number of one device"),
        ("devices=true", r"trainer\.devices=True: expected 1, or"),
        ("devices=auto", r"trainer\.devices=auto: expected 1, or"),
        ("devices=[0,1]", r"trainer\.devices=\[0, 1\]: expected 1, or"),
        ("devices=[-1]", r"trainer\.devices=\[-1\]: expected 1, or"),
        ("devices=[true]", r"trainer\.devices=\[True\]: expected 1, or"),
        (
            "devices=[0] trainer.accelerator=cpu",
            r"trainer\.devices=\[0\]: expected 1, since trainer\.accelerator=cpu",
        ),
        ("strategy=ddp", r"trainer\.strategy=ddp: expected one of auto, single_device, ddp_find_unused_param"),
        ("deterministic=maybe", r"trainer\.deterministic=maybe: expected one of warn, true, false"),
        ("benchmark=often", r"trainer\.benchmark=often: .*[Bb]ool"),
        ("detect_anomaly=7.5", r"trainer\.detect_anomaly=7\.5: .*[Bb]ool"),
        ("profiler=pytorch", r"trainer\.profiler=pytorch: expected one of simple, advanced, null"),
        ("resume_seconds=-1", r"trainer\.resume_seconds=-1\.0: expected 0 or more"),
    ],
)
def test_what_it_cannot_be_is_named(words: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_command(f"trainer.{words}".split())


def test_a_precision_that_the_processor_does_not_have(folder_dataset: Path, tmp_path: Path) -> None:
    outcome = mia_exp(*tiny(folder_dataset, "trainer.precision=16-mixed"), cwd=tmp_path)
    assert outcome.status == 1 and "Traceback" not in outcome.err
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert "trainer.precision=16-mixed: this training is on a CPU, which has no float16" in line


def test_another_strategy_trains_the_same(folder_dataset: Path, tmp_path: Path) -> None:
    # In a process of its own, since it joins a group of processes, be it the only one.
    for name in ("auto", "ddp_find_unused_parameters_true"):
        words = tiny(folder_dataset, f"trainer.strategy={name}", f"output_dir={name}")
        process = start(*words, cwd=tmp_path)
        _, said = process.communicate()
        assert process.returncode == 0, said
    one, other = (next(tmp_path.glob(f"{name}*/artifacts/victim/*/*.safetensors")) for name in ("auto", "ddp"))
    assert one.read_bytes() == other.read_bytes()
