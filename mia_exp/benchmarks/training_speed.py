"""Seconds per training step of this package, against a plain eager float32 loop, in one run.

The plain loop uses float32, torch's default Adam, and converts pairs to float before each step. Both use the same
losses, batch size and pairs. The held-out L1 of a small pix2pix over several seeds shows whether the faster
settings train equally well.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from torch import Tensor

from mia_exp.benchmarks.measure import finish, save_result
from mia_exp.core.device import torch_device
from mia_exp.data import InputLayout
from mia_exp.data.augment import TrainingPairs
from mia_exp.data.pairs_module import PairsModule
from mia_exp.data.readers.openmoji import OpenMojiDataset
from mia_exp.data.store import PairStore
from mia_exp.training.fitting import make_trainer, quiet_lightning
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.adversarial import AdversarialVictim
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD
from mia_exp.victims.victim import TrainedVictim

VICTIMS: dict[str, Pix2Pix | Pix2PixHD] = {
    "pix2pix": Pix2Pix(),
    "pix2pixhd": Pix2PixHD(perceptual="none"),
}
PRECISIONS = {"float32": "32-true", "bf16": "bf16-mixed"}
LAYOUT = InputLayout()


def run(
    folder: Path,
    size: int = 256,
    width: int = 64,
    steps: int = 5,
    seeds: int = 3,
    learning: tuple[int, int] = (80, 12),
    compiled: bool = False,
) -> dict[str, Any]:
    """Times each victim with each precision, prints the speedups, and saves `training.json`.

    Args:
        folder: Folder of the result.
        size: Side of the images in pixels.
        width: ngf and ndf.
        steps: Timed steps of each, after two warm-up steps.
        seeds: Number of seeds for the comparison of held-out errors.
        learning: Training pairs and epochs of that comparison.
        compiled: Also time torch.compile, which takes minutes to start.

    Returns:
        The saved result.
    """
    device = torch_device("auto")
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        store = decode(Path(temporary), size)
        rows = []
        for name, victim in VICTIMS.items():
            config = replace(victim, image_size=size, ngf=width, ndf=width, augment=False)
            plain = _plain_step_seconds(config, store, steps, device)
            forms = {name: (config, precision) for name, precision in PRECISIONS.items()}
            if compiled:
                forms["bf16, compiled"] = replace(config, compile=True), PRECISIONS["bf16"]
            for form, (settings, precision) in forms.items():
                seconds = _step_seconds(settings, precision, store, steps)
                rows.append({"victim": name, "form": form, "seconds": seconds, "plain_seconds": plain})
                console.print(
                    f"{name} {size}, {form}: {seconds:.3f} s per step, plain {plain:.3f} ({plain / seconds:.2f} x)"
                )
        errors = _held_out_errors(decode(Path(temporary), 64), seeds, *learning)
    result = {"image_size": size, "width": width, "batch_size": 1, "steps": rows, "held_out_l1": errors}
    for form, values in errors.items():
        console.print(f"held-out L1, {form}: " + ", ".join(f"{value:.4f}" for value in values))
    path = save_result("training", result, device, folder)
    console.print(f"saved {path}", soft_wrap=True)
    return result


def decode(folder: Path, size: int) -> PairStore:
    """The embedded drawings at `size` pixels, in a subfolder of `folder`."""
    target = folder / str(size)
    target.mkdir(exist_ok=True)
    source = OpenMojiDataset().open(folder)
    return PairStore.build(source, source.records(), size, size, target)


def _module(config: TrainedVictim) -> AdversarialVictim:
    module = config.build_module(LAYOUT, 0)
    assert isinstance(module, AdversarialVictim)
    return module


def _plain_step_seconds(config: TrainedVictim, store: PairStore, steps: int, device: torch.device) -> float:
    torch.manual_seed(0)
    module = _module(config).to(device).train()
    betas = (config.beta1, 0.999)
    generator, discriminator = (
        torch.optim.Adam(network.parameters(), config.learning_rate, betas)
        for network in (module.generator, module.discriminator)
    )
    times = []
    for step in range(steps + 2):
        started = time.perf_counter()
        x, y = (part.to(device) for part in store.batch(store.ids[step : step + 1]))
        fake = module.generator(x)
        module.discriminator.requires_grad_(True)
        discriminator.zero_grad()
        torch.autograd.backward(module.discriminator_losses(x, y, fake.detach())[0])
        discriminator.step()
        module.discriminator.requires_grad_(False)
        generator.zero_grad()
        torch.autograd.backward(module.generator_losses(x, y, fake, torch.ones(1, device=device))[0])
        generator.step()
        finish(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times[2:])


class _Clock(Callback):
    """Times each step, including the wait for its batch."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.times: list[float] = []
        self.last = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        finish(self.device)
        now = time.perf_counter()
        self.times.append(now - self.last)
        self.last = now


def _step_seconds(config: TrainedVictim, precision: str, store: PairStore, steps: int) -> float:
    device = torch_device("auto")
    clock = _Clock(device)
    fit(config, store, store.ids[: steps + 2], 1, [clock], precision)
    return statistics.median(clock.times[2:])


def fit(
    config: TrainedVictim,
    store: PairStore,
    ids: Sequence[str],
    epochs: int,
    callbacks: Sequence[Callback] = (),
    precision: str = "32-true",
) -> AdversarialVictim:
    """Trains a victim as in a run, on the pairs `ids`, without keeping files."""
    pairs = TrainingPairs(store, ids, config.image_size, config.augment, config.seed, device=torch_device("auto"))
    torch.manual_seed(config.seed)
    module = _module(config)
    with quiet_lightning(), tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(TrainerSettings(precision=precision), epochs, callbacks, Path(folder), module)
        trainer.fit(module, PairsModule(pairs, config.batch_size, config.seed))
    return module


def _held_out_errors(store: PairStore, seeds: int, pairs: int, epochs: int) -> dict[str, list[float]]:
    """Mean absolute error of a small pix2pix on 60 held-out pairs, by precision and seed."""
    base = Pix2Pix(
        image_size=64,
        ngf=32,
        ndf=32,
        batch_size=4,
        learning_rate=4e-4,
        augment=False,
        epochs=epochs,
        decay_epochs=0,
    )
    errors: dict[str, list[float]] = {}
    for name, precision in PRECISIONS.items():
        for seed in range(seeds):
            module = fit(replace(base, seed=seed), store, store.ids[:pairs], epochs, precision=precision)
            x, y = store.batch(store.ids[-60:])
            errors.setdefault(name, []).append(_l1(module, x, y))
    return errors


@torch.no_grad()
def _l1(module: AdversarialVictim, x: Tensor, y: Tensor) -> float:
    generator = module.generator.eval().cpu()
    return float((generator(x) - y).abs().mean())
