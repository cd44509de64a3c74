"""pix2pix (Isola et al., 2017)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mia_exp.victims.adversarial import AdversarialVictim, Losses
from mia_exp.victims.victim import TrainedVictim


class Pix2PixModule(AdversarialVictim):
    """Generator and discriminator, trained on L_cGAN + lambda * L_L1 (Eq. 4 there).

    Logs `g_gan`, `g_l1` (in [0, 1] units, before its weight), `d_real`, `d_fake`.

    Args:
        config: See `AdversarialVictim`.
        generator: See there.
        discriminator: Classifies the patches of pairs.
        lambda_l1: Weight of the L1 loss.
    """

    def __init__(
        self, config: TrainedVictim, generator: nn.Module, discriminator: nn.Module, lambda_l1: float
    ) -> None:
        super().__init__(config, generator, discriminator)
        self.lambda_l1 = lambda_l1

    def discriminator_losses(self, x: Tensor, y: Tensor, fake: Tensor) -> tuple[Tensor, Losses]:
        """Half the sum of the losses on real and generated pairs; see `AdversarialVictim`."""
        d_fake = _adversarial(self.discriminator(x, fake), real=False).mean()
        d_real = _adversarial(self.discriminator(x, y), real=True).mean()
        return (d_real + d_fake) / 2, {"d_real": d_real, "d_fake": d_fake}

    def generator_losses(self, x: Tensor, y: Tensor, fake: Tensor, weights: Tensor) -> tuple[Tensor, Losses]:
        """The adversarial loss plus lambda times the L1 loss; see `AdversarialVictim`."""
        g_gan = _adversarial(self.discriminator(x, fake), real=True)
        g_l1 = F.l1_loss(fake, y, reduction="none").mean((1, 2, 3))
        # The original takes the L1 loss of images in [-1, 1], which is twice that of images in [0, 1].
        total = (weights * (g_gan + self.lambda_l1 * 2 * g_l1)).mean()
        return total, {"g_gan": g_gan.mean()}

    def learning_rate_factor(self, epoch: int) -> float:
        """One, then falling linearly, to be zero an epoch after the last; see `AdversarialVictim`."""
        return 1 - max(0, epoch + 1 - self.config.constant_epochs) / (self.config.decay + 1)


def _adversarial(logits: Tensor, real: bool) -> Tensor:
    """The cross-entropy of each image's patches (N, 1, h, w): (N,)."""
    targets = torch.ones_like(logits) if real else torch.zeros_like(logits)
    # In float32 even if the networks are in bf16, in which a mean keeps only two digits.
    return F.binary_cross_entropy_with_logits(logits.float(), targets.float(), reduction="none").mean((1, 2, 3))
