"""The base class of adversarial victims: a LightningModule with two networks and two optimisers."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from mia_exp.core.keys import plain
from mia_exp.core.seeds import derive
from mia_exp.victims.logged_errors import TRAINING_L1
from mia_exp.victims.victim import TrainedVictim
from mia_exp.victims.victim_module import Batch, VictimModule

Losses = dict[str, Tensor]


class AdversarialVictim(VictimModule):
    """A generator and a discriminator, trained alternately with manual optimisation.

    All randomness in an epoch is derived from the seed and the epoch's number, so that a run that is resumed at the
    end of an epoch continues exactly like an uninterrupted one.

    The means of all losses over each epoch are logged.

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
        self.save_hyperparameters({"victim": plain(config)})
        self.config = config
        self.generator = generator
        self.discriminator = discriminator
        if config.compile:
            self.generator.compile()
            self.discriminator.compile()

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

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[LambdaLR]]:
        """One Adam for each network, with the same schedule."""
        betas = (self.config.beta1, 0.999)
        # Fused: a step is one pass over the weights, which at a batch of one is a fifth of the time.
        optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate, betas=betas, fused=True)
            for network in (self.generator, self.discriminator)
        ]
        return optimizers, [LambdaLR(optimizer, self.learning_rate_factor) for optimizer in optimizers]

    def on_fit_start(self) -> None:
        """Lays the weights out as mixed precision wants them; in float32 on a CPU that is slower."""
        mixed = self.trainer.precision != "32-true"
        self._format = torch.channels_last if mixed else torch.contiguous_format
        self.to(memory_format=self._format)

    def on_train_epoch_start(self) -> None:
        """Seeds the epoch's dropout."""
        torch.manual_seed(derive(self.config.seed, "dropout", self.current_epoch))

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of each network, both on the same V(x)."""
        x, y, weights = batch
        x, y = (images.contiguous(memory_format=self._format) for images in (x, y))
        fake = self.generator(x).float()
        steps = [partial(self._step_discriminator, x, y, fake), partial(self._step_generator, x, y, fake, weights)]
        parts = {TRAINING_L1: F.l1_loss(fake.detach(), y)}
        for step in reversed(steps) if self.generator_first else steps:
            parts |= step(batch_idx)
        self.log_epoch({name: part.detach() for name, part in parts.items()}, len(x))

    def on_train_epoch_end(self) -> None:
        """Lowers the learning rates: Lightning leaves that to those who optimise manually."""
        for scheduler in self._schedulers():
            scheduler.step()

    def _step_discriminator(self, x: Tensor, y: Tensor, fake: Tensor, batch_idx: int) -> Losses:
        self.discriminator.requires_grad_(True)
        loss, parts = self.discriminator_losses(x, y, fake.detach())
        self._step(self._optimizers()[1], loss, batch_idx)
        return parts

    def _step_generator(self, x: Tensor, y: Tensor, fake: Tensor, weights: Tensor, batch_idx: int) -> Losses:
        self.discriminator.requires_grad_(False)
        loss, parts = self.generator_losses(x, y, fake, weights)
        self._step(self._optimizers()[0], loss, batch_idx)
        return parts

    def _step(self, optimizer: torch.optim.Optimizer, loss: Tensor, batch_idx: int) -> None:
        """Adds a batch's gradients, and moves the weights where it is the last of its step."""
        count = self.accumulate_grad_batches
        if batch_idx % count == 0:
            optimizer.zero_grad()
        self.manual_backward(loss / count if count > 1 else loss)
        if (batch_idx + 1) % count == 0 or self.trainer.is_last_batch:
            optimizer.step()

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        return optimizers  # type: ignore[return-value]  # LightningOptimizer wraps Optimizer without being one

    def _schedulers(self) -> list[LambdaLR]:
        schedulers = self.lr_schedulers()
        assert isinstance(schedulers, list)
        return schedulers  # type: ignore[return-value]  # those of `configure_optimizers`
