"""The base class of adversarial victims: a LightningModule with two networks and two optimisers."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mia_exp.core.seeds import derive
from mia_exp.victims.base import Precision, TrainedVictim
from mia_exp.victims.victim_module import Batch, VictimModule

Losses = dict[str, Tensor]


class AdversarialVictim(VictimModule):
    """A generator and a discriminator, trained alternately with manual optimisation.

    All randomness in an epoch is derived from the seed and the epoch's number, so that a run that is resumed at the
    end of an epoch continues exactly like an uninterrupted one.

    Losses are logged as means over the epoch. `g_l1`, the mean absolute error on the [0, 1] scale, is logged for
    every victim, even if it is not part of its loss.

    Args:
        config: The victim's settings.
        generator: x (N, C, H, W) -> V(x) (N, 3, H, W), both in [0, 1].
        discriminator: Classifies pairs as real or generated; only the subclass calls it.

    Attributes:
        generator_first: Whether the generator's step comes before the discriminator's.
    """

    generator_first = False

    def __init__(self, config: TrainedVictim, generator: nn.Module, discriminator: nn.Module) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        self.generator = generator
        self.discriminator = discriminator
        self._half = config.precision is Precision.bf16
        # Faster for bf16 kernels and on GPUs; slower in float32 on a CPU.
        self._format = torch.channels_last if self._half else torch.contiguous_format
        self.to(memory_format=self._format)
        if config.compile:
            self.generator.compile()
            self.discriminator.compile()
        self._sums: Losses = {}
        self._seen = 0

    def discriminator_losses(self, x: Tensor, y: Tensor, fake: Tensor) -> tuple[Tensor, Losses]:
        """The discriminator's loss, and its named parts.

        Args:
            x: Inputs (N, C, H, W) in [0, 1].
            y: Targets (N, 3, H, W) in [0, 1].
            fake: V(x), detached.
        """
        raise NotImplementedError

    def generator_losses(self, x: Tensor, y: Tensor, fake: Tensor, weights: Tensor) -> tuple[Tensor, Losses]:
        """The generator's loss, and its named parts, unweighted.

        Args:
            x: Inputs (N, C, H, W) in [0, 1].
            y: Targets (N, 3, H, W) in [0, 1].
            fake: V(x), with its graph.
            weights: (N,), the loss weight of each image; their mean over the training images is 1.
        """
        raise NotImplementedError

    def learning_rate_factor(self, epoch: int) -> float:
        """The factor of the learning rate in an epoch, counted from 0."""
        raise NotImplementedError

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """One Adam for each network."""
        betas = (self.config.beta1, 0.999)
        # Fused: one pass over the weights per step, which saves a fifth of the time at batch size 1.
        return [
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate, betas=betas, fused=True)
            for network in (self.generator, self.discriminator)
        ]

    def on_train_epoch_start(self) -> None:
        """Seeds the epoch's dropout, sets its learning rate, and resets its losses."""
        self._sums, self._seen = {}, 0
        torch.manual_seed(derive(self.config.seed, "dropout", self.current_epoch))
        for optimizer in self._optimizers():
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * self.learning_rate_factor(self.current_epoch)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of each network, both on the same V(x)."""
        x, y, weights = batch
        x, y = (images.contiguous(memory_format=self._format) for images in (x, y))
        with self._autocast():
            fake = self.generator(x).float()
        steps = [partial(self._step_discriminator, x, y, fake), partial(self._step_generator, x, y, fake, weights)]
        parts = {"g_l1": F.l1_loss(fake.detach(), y)}
        for step in reversed(steps) if self.generator_first else steps:
            parts |= step()
        # Summed on the device: reading a loss in each step would synchronise a GPU.
        for name, part in parts.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(part)) + part.detach() * len(x)
        self._seen += len(x)

    def epoch_losses(self) -> dict[str, float]:
        """The mean of each loss over the images of the epoch so far."""
        return {name: float(total) / self._seen for name, total in self._sums.items()}

    def on_train_epoch_end(self) -> None:
        """Logs the epoch's losses."""
        self.log_dict(self.epoch_losses())

    def _step_discriminator(self, x: Tensor, y: Tensor, fake: Tensor) -> Losses:
        optimizer = self._optimizers()[1]
        self.discriminator.requires_grad_(True)
        optimizer.zero_grad()
        with self._autocast():
            loss, parts = self.discriminator_losses(x, y, fake.detach())
        self.manual_backward(loss)
        optimizer.step()
        return parts

    def _step_generator(self, x: Tensor, y: Tensor, fake: Tensor, weights: Tensor) -> Losses:
        optimizer = self._optimizers()[0]
        self.discriminator.requires_grad_(False)
        optimizer.zero_grad()
        with self._autocast():
            loss, parts = self.generator_losses(x, y, fake, weights)
        self.manual_backward(loss)
        optimizer.step()
        return parts

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._half)

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        return optimizers  # type: ignore[return-value]  # LightningOptimizer wraps Optimizer without being one
