"""The base classes of victims."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.check import MEMORY, TIME, require, require_at_most
from mia_exp.core.component import Component
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.keys import harmless

if TYPE_CHECKING:
    from torch import nn

    from mia_exp.data import InputLayout
    from mia_exp.victims.victim_module import VictimModule

# Adam keeps two numbers per weight, and the weights of a U-Net of 512 channels alone take 14 GB.
MAX_WIDTH = 512
MAX_SIDE = 2048
MAX_EPOCHS = 1_000_000


@dataclass
class Victim(Component):
    """The model under attack.

    Attributes:
        queryable: Whether there is a model that can be queried.
        image_size: Side of x, y and V(x) in pixels.
    """

    queryable: ClassVar[bool] = True

    image_size: int = 256

    @property
    def one_hot(self) -> bool:
        """Whether the generator's input is a label map as one channel per class."""
        return False

    @property
    def query_sizes(self) -> ImageSizes:
        """Sides of the images that it can be queried with; by default only `image_size`."""
        return ImageSizes.only(self.image_size)


@dataclass
class TrainedVictim(Victim):
    """A victim that is trained by this package.

    Attributes:
        augment: Augment the training pairs as in the original.
        learning_rate: Adam's step size.
        beta1: Adam's first decay rate.
        epochs: Epochs of a whole training run.
        decay_epochs: How many of them, the last ones, the learning rate falls linearly over; null for half.
        batch_size: Pairs in a step.
        difficulty_weighting: Weigh each image in the generator's loss by its L_diff, divided by the mean L_diff
            of the training images (Fig. 17).
        checkpoint_epochs: Epochs whose generator is kept besides the last one's.
        compile: Compile both networks with torch.compile, which takes a minute before the first step.
        weights: A generator that this package saved, to be attacked instead of training one; or null.
        seed: Seeds initial weights, order, augmentation and dropout.
    """

    augment: bool = True
    learning_rate: float = 2e-4
    beta1: float = 0.5
    epochs: int = 200
    decay_epochs: int | None = None
    batch_size: int = 1
    difficulty_weighting: bool = False
    checkpoint_epochs: list[int] = field(default_factory=list)
    compile: bool = False
    weights: str | None = harmless(None, because="enters by the file's content")
    seed: int = 0

    @property
    def decay(self) -> int:
        """Epochs over which the learning rate falls."""
        return self.epochs // 2 if self.decay_epochs is None else self.decay_epochs

    @property
    def constant_epochs(self) -> int:
        """Epochs at the full learning rate, before it falls."""
        return self.epochs - self.decay

    @property
    def load_size(self) -> int:
        """Side in pixels at which training pairs are loaded, before they are cropped to `image_size`."""
        return self.image_size

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            require(getattr(self, name) >= 1, f"victim.{name}={getattr(self, name)}: expected 1 or more")
        require_at_most(self.epochs, MAX_EPOCHS, "victim.epochs", TIME)
        require_at_most(self.batch_size, 4096, "victim.batch_size", MEMORY)
        require(
            0 <= self.decay <= self.epochs,
            f"victim.decay_epochs={self.decay_epochs}: expected 0 to {self.epochs}, since "
            f"victim.epochs={self.epochs} is the whole number of epochs",
        )
        require(self.learning_rate > 0, f"victim.learning_rate={self.learning_rate}: expected more than 0")
        require(
            0 <= self.beta1 < 1,
            f"victim.beta1={self.beta1}: expected a number from 0 up to, not including, 1",
        )
        require(self.seed >= 0, f"victim.seed={self.seed}: expected 0 or more")
        wrong = [epoch for epoch in self.checkpoint_epochs if not 1 <= epoch <= self.epochs]
        require(
            not wrong,
            f"victim.checkpoint_epochs={self.checkpoint_epochs}: {wrong} lie outside 1..{self.epochs} "
            "(victim.epochs)",
        )

    def fingerprints(self) -> dict[str, str]:
        """What determines its training besides its settings, such as the content of files that they name."""
        return {}

    def to_download(self) -> str | None:
        """What its training would download first, and how to avoid it, as one sentence; None if nothing."""
        return None

    def fetch(self) -> None:
        """Downloads what `to_download` names.

        Raises:
            WeightsError: It could not be downloaded.
        """

    def build_generator(self, layout: "InputLayout", n_pairs: int) -> "nn.Module":
        """Builds the network that is saved and queried.

        Args:
            layout: What the channels of x mean.
            n_pairs: Number of training pairs.

        Returns:
            A module that maps x (N, C, H, W) to V(x) (N, 3, H, W), both in [0, 1]. Its attribute `architecture`, a
            dict of JSON types, distinguishes it from others of its class.
        """
        raise NotImplementedError

    def build_module(self, layout: "InputLayout", n_pairs: int) -> "VictimModule":
        """The module that trains it, with initial weights from torch's generator; see `build_generator`."""
        raise NotImplementedError
