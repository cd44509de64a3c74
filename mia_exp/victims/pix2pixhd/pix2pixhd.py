"""pix2pixHD (Wang et al., 2018): its settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.check import MEMORY, require, require_at_most
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.keys import harmless
from mia_exp.victims.victim import MAX_SIDE, MAX_WIDTH, TrainedVictim

if TYPE_CHECKING:
    from mia_exp.data import InputLayout
    from mia_exp.victims.pix2pixhd.pix2pixhd_module import Pix2PixHDModule
    from mia_exp.victims.pix2pixhd.residual_generator import ResidualGenerator

PERCEPTUAL_NETWORKS = ("vgg19", "efficientnet_lite0", "none")


@dataclass
class Pix2PixHD(TrainedVictim):
    """pix2pixHD (Wang et al., 2018): residual generator, multi-scale PatchGAN, LSGAN + feature matching.

    `image_size` is a multiple of 32, at least 64. `augment` flips randomly, as in the original.

    Attributes:
        ngf: Width of the global generator's first level; a local enhancer has half of it.
        ndf: Width of the discriminators' first level.
        downsamplings: Halvings in the global generator.
        blocks: Residual blocks in the global generator.
        local_enhancer: Add a local enhancer around the global generator, which then works at half the size.
        discriminator_scales: Number of discriminators, each at half the size of the previous one: 2 or 3.
        lambda_feature_matching: Weight of the feature-matching loss.
        lambda_perceptual: Weight of the perceptual loss.
        perceptual: Network of the perceptual loss: `vgg19` (the original's), `efficientnet_lite0` or `none`.
        perceptual_weights: A local file of that network's ImageNet weights, or null for the default source.
        one_hot_labels: If the dataset has classes, use label maps as one channel per class, with instance
            boundaries; otherwise the image.
    """

    title: ClassVar[str] = "pix2pixHD"

    ngf: int = 64
    ndf: int = 64
    downsamplings: int = 4
    blocks: int = 9
    local_enhancer: bool = False
    discriminator_scales: int = 2
    lambda_feature_matching: float = 10.0
    lambda_perceptual: float = 10.0
    perceptual: str = "efficientnet_lite0"
    perceptual_weights: str | None = harmless(None, because="enters by the file's content")
    one_hot_labels: bool = True

    @property
    def one_hot(self) -> bool:
        """Whether the generator's input is a label map as one channel per class."""
        return self.one_hot_labels

    @property
    def query_sizes(self) -> ImageSizes:
        """All sides that are halved without remainder; the generator has no layer of a fixed size."""
        step = 2 ** (self.downsamplings + self.local_enhancer)
        # Reflection padding needs two pixels where the image is smallest.
        return ImageSizes(step, 2 * step, MAX_SIDE)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.image_size >= 64 and self.image_size % 32 == 0,
            f"victim.image_size={self.image_size}: expected a multiple of 32, 64 or more",
        )
        require_at_most(self.image_size, MAX_SIDE, "victim.image_size", MEMORY)
        for name in ("ngf", "ndf", "downsamplings", "blocks"):
            require(getattr(self, name) >= 1, f"victim.{name}={getattr(self, name)}: expected 1 or more")
        for name, most in (("ngf", MAX_WIDTH), ("ndf", MAX_WIDTH), ("blocks", 100)):
            require_at_most(getattr(self, name), most, f"victim.{name}", MEMORY)
        require(
            self.downsamplings <= 4,
            f"victim.downsamplings={self.downsamplings}: expected 4 or fewer, since image_size is a multiple of 32",
        )
        require(
            not self.local_enhancer or self.ngf % 2 == 0,
            f"victim.ngf={self.ngf}: expected an even number, since the local enhancer has half of it",
        )
        require(
            self.discriminator_scales in (2, 3),
            f"victim.discriminator_scales={self.discriminator_scales}: expected 2 or 3",
        )
        for name in ("lambda_feature_matching", "lambda_perceptual"):
            require(getattr(self, name) >= 0, f"victim.{name}={getattr(self, name)}: expected 0 or more")
        require(
            self.perceptual in PERCEPTUAL_NETWORKS,
            f"victim.perceptual={self.perceptual}: expected one of {', '.join(PERCEPTUAL_NETWORKS)}",
        )
        require(
            self.perceptual_weights is None or self.perceptual != "none",
            "victim.perceptual_weights is set, but victim.perceptual=none uses no network",
        )

    def fingerprints(self) -> dict[str, str]:
        """The perceptual network and its weights; see `TrainedVictim.fingerprints`."""
        from mia_exp.features.perceptual_network import perceptual_fingerprint

        return {"perceptual_network": perceptual_fingerprint(self.perceptual, self.perceptual_weights)}

    def to_download(self) -> str | None:
        """VGG-19's weights, if they are needed and no file is given; see `TrainedVictim.to_download`."""
        from mia_exp.features.perceptual_network import VGG19

        needed = self.perceptual == "vgg19" and self.perceptual_weights is None
        return VGG19.to_download() if needed else None

    def fetch(self) -> None:
        """Downloads VGG-19's weights; see `TrainedVictim.fetch`."""
        from mia_exp.features.perceptual_network import VGG19

        VGG19.load()

    def build_generator(self, layout: "InputLayout", n_pairs: int = 0) -> "ResidualGenerator":
        """The residual generator, for inputs of `layout`; see `TrainedVictim.build_generator`."""
        from mia_exp.victims.pix2pixhd.residual_generator import ResidualGenerator

        return ResidualGenerator(
            layout.palette,
            layout.instances,
            self.ngf,
            self.downsamplings,
            self.blocks,
            self.local_enhancer,
        )

    def build_module(self, layout: "InputLayout", n_pairs: int) -> "Pix2PixHDModule":
        """Generator and discriminators; see `TrainedVictim.build_module`."""
        from mia_exp.features.perceptual_network import PerceptualNetwork
        from mia_exp.victims.pix2pixhd.multiscale_discriminator import MultiscaleDiscriminator
        from mia_exp.victims.pix2pixhd.pix2pixhd_module import Pix2PixHDModule

        # Before the generator: the initial weights depend on the order.
        discriminator = MultiscaleDiscriminator(layout, self.ndf, self.discriminator_scales)
        return Pix2PixHDModule(
            self,
            self.build_generator(layout),
            discriminator,
            self.lambda_feature_matching,
            self.lambda_perceptual,
            None if self.perceptual == "none" else PerceptualNetwork(self.perceptual, self.perceptual_weights),
        )
