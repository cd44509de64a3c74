"""pix2pix (Isola et al., 2017): its settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.check import MEMORY, require, require_at_most
from mia_exp.victims.victim import MAX_WIDTH, TrainedVictim

if TYPE_CHECKING:
    from mia_exp.data import InputLayout
    from mia_exp.victims.pix2pix.pix2pix_module import Pix2PixModule
    from mia_exp.victims.pix2pix.unet import UNetGenerator

IMAGE_SIZES = (64, 128, 256, 512)


@dataclass
class Pix2Pix(TrainedVictim):
    """pix2pix (Isola et al., 2017): U-Net generator, PatchGAN discriminator, cGAN + L1 loss.

    `image_size` is 64, 128, 256 or 512; the U-Net has log2(image_size) levels. `augment` loads pairs at
    image_size * 286 / 256, and crops and flips them randomly.

    Attributes:
        ngf: Width of the generator's first level.
        ndf: Width of the discriminator's first level.
        dropout: Dropout of 0.5 in the three deepest decoder blocks of full width.
        lambda_l1: Weight of the L1 loss.
    """

    title: ClassVar[str] = "pix2pix"

    ngf: int = 64
    ndf: int = 64
    dropout: bool = True
    lambda_l1: float = 100.0

    @property
    def load_size(self) -> int:
        """Side in pixels at which training pairs are loaded, before the crop to `image_size`."""
        return round(self.image_size * 286 / 256) if self.augment else self.image_size

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = ", ".join(map(str, IMAGE_SIZES))
        require(
            self.image_size in IMAGE_SIZES,
            f"victim.image_size={self.image_size}: the U-Net halves an image down to one pixel; "
            f"expected one of {sizes}",
        )
        for name in ("ngf", "ndf"):
            require(getattr(self, name) >= 1, f"victim.{name}={getattr(self, name)}: expected 1 or more")
            require_at_most(getattr(self, name), MAX_WIDTH, f"victim.{name}", MEMORY)
        require(self.lambda_l1 >= 0, f"victim.lambda_l1={self.lambda_l1}: expected 0 or more")

    def build_generator(self, layout: "InputLayout", n_pairs: int = 0) -> "UNetGenerator":
        """The U-Net; see `TrainedVictim.build_generator`."""
        from mia_exp.victims.pix2pix.unet import UNetGenerator

        return UNetGenerator(self.image_size, self.ngf, self.dropout)

    def build_module(self, layout: "InputLayout", n_pairs: int) -> "Pix2PixModule":
        """Generator and discriminator; see `TrainedVictim.build_module`."""
        from mia_exp.victims.pix2pix.patch_discriminator import PatchDiscriminator
        from mia_exp.victims.pix2pix.pix2pix_module import Pix2PixModule

        return Pix2PixModule(self, self.build_generator(layout), PatchDiscriminator(self.ndf), self.lambda_l1)
