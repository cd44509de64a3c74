"""pix2pix (Isola et al., 2017) as a LightningModule with manual optimisation."""

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor

from mia_exp.config import Pix2PixConfig
from mia_exp.seeds import derive
from mia_exp.victims.discriminator import PatchDiscriminator
from mia_exp.victims.generator import UNetGenerator


class Pix2Pix(LightningModule):
    """Generator and discriminator, trained on L_cGAN + lambda * L_L1 (Eq. 4 there).

    Everything random in an epoch follows from the seed and the epoch's number, so that a run that was resumed
    at the end of an epoch goes on exactly as one that was not stopped.

    Losses, each a mean over the epoch: `g_gan`, `g_l1` (in [0, 1] units, before its weight), `d_real`, `d_fake`.
    """

    def __init__(self, config: Pix2PixConfig) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        self.generator = UNetGenerator(config.image_size, config.ngf, config.dropout)
        self.discriminator = PatchDiscriminator(config.ndf)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """One Adam for each network."""
        betas = (self.config.beta1, 0.999)
        return [
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate, betas=betas)
            for network in (self.generator, self.discriminator)
        ]

    def on_train_epoch_start(self) -> None:
        """Seeds the epoch's dropout and sets its learning rate."""
        torch.manual_seed(derive(self.config.seed, "dropout", self.current_epoch))
        for optimizer in self._optimizers():
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * learning_rate_factor(self.current_epoch, self.config)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """One step of the discriminator, then one of the generator, as the original orders them."""
        x, y = batch
        generator_optimizer, discriminator_optimizer = self._optimizers()
        fake = self.generator(x)

        self.discriminator.requires_grad_(True)
        discriminator_optimizer.zero_grad()
        d_real, d_fake = self.backward_discriminator(x, y, fake.detach())
        discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        generator_optimizer.zero_grad()
        g_gan, g_l1 = self.backward_generator(x, y, fake)
        generator_optimizer.step()

        losses = {"g_gan": g_gan, "g_l1": g_l1, "d_real": d_real, "d_fake": d_fake}
        self.log_dict(losses, on_step=False, on_epoch=True, batch_size=len(x))

    def backward_discriminator(self, x: Tensor, y: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Backpropagates half the sum of the losses on real and generated pairs; returns both."""
        d_fake = _adversarial(self.discriminator(x, fake), real=False)
        d_real = _adversarial(self.discriminator(x, y), real=True)
        self.manual_backward((d_real + d_fake) / 2)
        return d_real.detach(), d_fake.detach()

    def backward_generator(self, x: Tensor, y: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Backpropagates the adversarial loss plus lambda times the L1 loss; returns both, unweighted."""
        g_gan = _adversarial(self.discriminator(x, fake), real=True)
        g_l1 = F.l1_loss(fake, y)
        # The original takes the L1 loss of images in [-1, 1], which is twice that of images in [0, 1].
        self.manual_backward(g_gan + self.config.lambda_l1 * 2 * g_l1)
        return g_gan.detach(), g_l1.detach()

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        return optimizers  # type: ignore[return-value]  # LightningOptimizer wraps Optimizer without being one


def learning_rate_factor(epoch: int, config: Pix2PixConfig) -> float:
    """The share of the learning rate in force in an epoch, counted from 0: one, then falling linearly."""
    return 1 - max(0, epoch + 1 - config.epochs) / (config.decay_epochs + 1)


def _adversarial(logits: Tensor, real: bool) -> Tensor:
    targets = torch.ones_like(logits) if real else torch.zeros_like(logits)
    return F.binary_cross_entropy_with_logits(logits, targets)
