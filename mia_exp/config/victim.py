"""The victims' settings."""

from dataclasses import dataclass, field
from enum import Enum

from mia_exp.config.check import MEMORY, TIME, require, require_at_most
from mia_exp.keys import harmless

IMAGE_SIZES = (64, 128, 256, 512)
# Adam keeps two numbers a weight, and the weights of a U-Net of 512 channels alone take 14 GB.
WIDEST = 512
LARGEST_SIDE = 2048
MOST_EPOCHS = 1_000_000


class Precision(Enum):
    """What the networks are computed in while they are trained; weights and answers are float32 in both.

    `bf16` autocasts convolutions to bfloat16: faster where the processor has it.
    """

    float32 = "float32"
    bf16 = "bf16"


@dataclass
class TrainedVictim:
    """What every victim has that is trained here.

    Attributes:
        image_size: Side of x, y and V(x) in pixels.
        augment: Augment the training pairs as the original does.
        learning_rate: Adam's step size.
        beta1: Adam's first decay rate.
        epochs: Epochs at the full learning rate.
        decay_epochs: Epochs after those, over which the learning rate falls linearly to zero.
        batch_size: Pairs in a step.
        difficulty_weighting: Weigh each image in the generator's loss by its L_diff, divided by the mean L_diff
            of the training images (Fig. 17).
        checkpoint_epochs: Epochs whose generator is kept besides the last one's.
        precision: `float32`, or `bf16` for mixed precision.
        compile: Compile both networks with torch.compile, which takes a minute before the first step.
        weights: A generator that this package saved, to be attacked instead of training one; or null.
        seed: Seeds initial weights, order, augmentation and dropout.
    """

    kind: str = ""
    image_size: int = 256
    augment: bool = True
    learning_rate: float = 2e-4
    beta1: float = 0.5
    epochs: int = 100
    decay_epochs: int = 100
    batch_size: int = 1
    difficulty_weighting: bool = False
    checkpoint_epochs: list[int] = field(default_factory=list)
    precision: Precision = Precision.float32
    compile: bool = False
    weights: str | None = harmless(None, because="enters by the file's content")
    seed: int = 0

    @property
    def total_epochs(self) -> int:
        """Epochs that a whole training run has."""
        return self.epochs + self.decay_epochs

    @property
    def load_size(self) -> int:
        """Side in pixels at which training pairs are loaded, before they are cropped to `image_size`."""
        return self.image_size

    @property
    def one_hot(self) -> bool:
        """Whether label maps are given to the generator as one channel a class."""
        return False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            require(getattr(self, name) >= 1, f"victim.{name}={getattr(self, name)}: expected 1 or more")
        require_at_most(self.epochs, MOST_EPOCHS, "victim.epochs", TIME)
        require_at_most(self.decay_epochs, MOST_EPOCHS, "victim.decay_epochs", TIME)
        require_at_most(self.batch_size, 4096, "victim.batch_size", MEMORY)
        require(self.decay_epochs >= 0, f"victim.decay_epochs={self.decay_epochs}: expected 0 or more")
        require(self.learning_rate > 0, f"victim.learning_rate={self.learning_rate}: expected more than 0")
        require(
            0 <= self.beta1 < 1,
            f"victim.beta1={self.beta1}: expected a number from 0 up to, not including, 1",
        )
        require(self.seed >= 0, f"victim.seed={self.seed}: expected 0 or more")
        wrong = [epoch for epoch in self.checkpoint_epochs if not 1 <= epoch <= self.total_epochs]
        require(
            not wrong,
            f"victim.checkpoint_epochs={self.checkpoint_epochs}: {wrong} lie outside 1..{self.total_epochs} "
            "(victim.epochs + victim.decay_epochs)",
        )


@dataclass
class Pix2PixConfig(TrainedVictim):
    """pix2pix (Isola et al., 2017): U-Net generator, PatchGAN discriminator, cGAN + L1 loss.

    `image_size` is 64, 128, 256 or 512; the U-Net has log2(image_size) levels. `augment` loads pairs at
    image_size * 286 / 256, crops at random and flips at random.

    Attributes:
        kind: `pix2pix`.
        ngf: Width of the generator's first level.
        ndf: Width of the discriminator's first level.
        dropout: Dropout of 0.5 in the three deepest decoder blocks of full width.
        lambda_l1: Weight of the L1 loss.
    """

    kind: str = "pix2pix"
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
            require_at_most(getattr(self, name), WIDEST, f"victim.{name}", MEMORY)
        require(self.lambda_l1 >= 0, f"victim.lambda_l1={self.lambda_l1}: expected 0 or more")


PERCEPTUAL_NETWORKS = ("vgg19", "efficientnet_lite0", "none")


@dataclass
class Pix2PixHDConfig(TrainedVictim):
    """pix2pixHD (Wang et al., 2018): residual generator, multi-scale PatchGAN, LSGAN + feature matching.

    `image_size` is a multiple of 32, 64 or more. `augment` flips at random, as the original does.

    Attributes:
        kind: `pix2pixhd`.
        ngf: Width of the global generator's first level; a local enhancer has half of it.
        ndf: Width of the discriminators' first level.
        downsamplings: Halvings in the global generator.
        blocks: Residual blocks in the global generator.
        local_enhancer: Put a local enhancer around the global generator, which then works at half the size.
        discriminator_scales: Discriminators, each at half the size of the one before: 2 or 3.
        lambda_feature_matching: Weight of the feature-matching loss.
        lambda_perceptual: Weight of the perceptual loss.
        perceptual: Network of the perceptual loss: `vgg19` (the original's), `efficientnet_lite0` or `none`.
        perceptual_weights: A local file of that network's ImageNet weights, or null for its usual source.
        one_hot_labels: Give label maps as one channel a class, with instance boundaries, where the dataset has
            classes; else as the image that they are.
    """

    kind: str = "pix2pixhd"
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
        """Whether label maps are given to the generator as one channel a class."""
        return self.one_hot_labels

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.image_size >= 64 and self.image_size % 32 == 0,
            f"victim.image_size={self.image_size}: expected a multiple of 32, 64 or more",
        )
        require_at_most(self.image_size, LARGEST_SIDE, "victim.image_size", MEMORY)
        for name in ("ngf", "ndf", "downsamplings", "blocks"):
            require(getattr(self, name) >= 1, f"victim.{name}={getattr(self, name)}: expected 1 or more")
        for name, most in (("ngf", WIDEST), ("ndf", WIDEST), ("blocks", 100)):
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


@dataclass
class NoVictim:
    """No victim: images are scored for their difficulty alone.

    Attributes:
        kind: `none`.
        image_size: Side in pixels at which images are kept.
    """

    kind: str = "none"
    image_size: int = 256

    @property
    def one_hot(self) -> bool:
        """Nothing reads label maps."""
        return False

    def __post_init__(self) -> None:
        require(self.image_size >= 16, f"victim.image_size={self.image_size}: expected 16 or more")
        require_at_most(self.image_size, LARGEST_SIDE, "victim.image_size", MEMORY)


VictimConfig = Pix2PixConfig | Pix2PixHDConfig | NoVictim
