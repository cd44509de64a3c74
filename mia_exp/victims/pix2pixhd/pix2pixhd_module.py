"""pix2pixHD (Wang et al., 2018)."""

import torch
from torch import Tensor, nn

from mia_exp.features.perceptual_network import STAGE_WEIGHTS, PerceptualNetwork
from mia_exp.victims.adversarial import AdversarialVictim, Losses
from mia_exp.victims.victim import TrainedVictim


class Pix2PixHDModule(AdversarialVictim):
    """LSGAN at several scales, feature matching and a perceptual loss (Eq. 5 there, and its code).

    Logs `g_gan`, `g_feat` and `g_perceptual` (before their weights), `d_real`, `d_fake`; and `g_l1`, which is not
    part of its loss.

    Args:
        config: See `AdversarialVictim`.
        generator: See there.
        discriminator: Returns, for each scale, the features of each block.
        lambda_feature_matching: Weight of the feature-matching loss.
        lambda_perceptual: Weight of the perceptual loss.
        perceptual: Its network, or None for no such loss.
    """

    generator_first = True

    def __init__(
        self,
        config: TrainedVictim,
        generator: nn.Module,
        discriminator: nn.Module,
        lambda_feature_matching: float,
        lambda_perceptual: float,
        perceptual: PerceptualNetwork | None,
    ) -> None:
        super().__init__(config, generator, discriminator)
        self.lambda_feature_matching = lambda_feature_matching
        self.lambda_perceptual = lambda_perceptual
        self.perceptual = perceptual

    def discriminator_losses(self, x: Tensor, y: Tensor, fake: Tensor) -> tuple[Tensor, Losses]:
        """Half the sum of the losses on real and generated pairs; see `AdversarialVictim`."""
        d_fake = _least_squares(self.discriminator(x, fake), real=False).mean()
        d_real = _least_squares(self.discriminator(x, y), real=True).mean()
        return (d_real + d_fake) / 2, {"d_real": d_real, "d_fake": d_fake}

    def generator_losses(self, x: Tensor, y: Tensor, fake: Tensor, weights: Tensor) -> tuple[Tensor, Losses]:
        """The adversarial loss, feature matching and the perceptual loss; see `AdversarialVictim`."""
        of_fake = self.discriminator(x, fake)
        with torch.no_grad():
            of_real = self.discriminator(x, y)
        parts = {"g_gan": _least_squares(of_fake, real=True), "g_feat": _feature_distance(of_fake, of_real)}
        total = parts["g_gan"] + self.lambda_feature_matching * parts["g_feat"]
        if self.perceptual is not None:
            distances = zip(self.perceptual(fake), self.perceptual(y), STAGE_WEIGHTS, strict=True)
            stages = [weight * _mean_difference(a, b) for a, b, weight in distances]
            parts["g_perceptual"] = torch.stack(stages).sum(0)
            total = total + self.lambda_perceptual * parts["g_perceptual"]
        return (weights * total).mean(), {name: part.mean() for name, part in parts.items()}

    def learning_rate_factor(self, epoch: int) -> float:
        """One, for an epoch longer than `constant_epochs`, then falling linearly; see `AdversarialVictim`.

        The original lowers the rate at the end of each epoch behind `constant_epochs`, so the first of them still
        has all of it.
        """
        decay = self.config.decay
        return 1 - max(0, epoch - self.config.constant_epochs) / decay if decay else 1.0


def _least_squares(scores: list[list[Tensor]], real: bool) -> Tensor:
    """The squared distance of the patches' scores from 1 or 0, summed over the scales: (N,)."""
    scales = [(scale[-1].float() - float(real)).square().mean((1, 2, 3)) for scale in scores]
    return torch.stack(scales).sum(0)


def _feature_distance(of_fake: list[list[Tensor]], of_real: list[list[Tensor]]) -> Tensor:
    """Feature matching: L1 over all blocks except the last, averaged over the scales: (N,).

    The original weights each block by 4 / (its number of layers + 1), which is 1 for its default of three.
    """
    scales = [
        torch.stack([_mean_difference(a, b) for a, b in zip(fake[:-1], real[:-1], strict=True)]).sum(0)
        for fake, real in zip(of_fake, of_real, strict=True)
    ]
    return torch.stack(scales).mean(0)


def _mean_difference(a: Tensor, b: Tensor) -> Tensor:
    # In float32 even if the networks are in bf16, in which a mean keeps only two digits.
    return (a.float() - b.float()).abs().mean((1, 2, 3))
