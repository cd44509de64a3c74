"""The settings of the difficulty score."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from mia_exp.core.check import MEMORY, require, require_at_most
from mia_exp.core.keys import harmless

Image = TypeVar("Image")

MAX_SIDE = 2048


class Source(Enum):
    """Which image of a pair (x, y) the features are of, and which image's colours are predicted from them.

    `target`: y from y, as in the paper (Eq. 2). `input_to_target`: y from x, as in the authors' released script.
    `input`: x from x.
    """

    target = "target"
    input = "input"
    input_to_target = "input_to_target"

    def images(self, x: Image, y: Image) -> tuple[Image, Image]:
        """The image of a pair that the features are computed from, and the one whose colours are predicted."""
        return (y if self is Source.target else x), (x if self is Source.input else y)


class ResizeMethod(Enum):
    """How an image is resized to the working size; all but `nearest` are antialiased."""

    nearest = "nearest"
    bilinear = "bilinear"
    bicubic = "bicubic"
    area = "area"


@dataclass
class DifficultySettings:
    """The single-image difficulty score L_diff (Eq. 2).

    Attributes:
        source: Which image's colours are predicted from which image's features.
        image_size: Side in pixels at which the image is taken, before it is resized to the working size; null for
            `victim.image_size`.
        working_size: Side of the pixel grid of the regression; the backbone's input has 4 times that side.
        resize: How the image is resized to both sizes.
        fitted_share: Share of the pixels that the regression is fitted on; the error is computed on the others.
        seed: Draws those pixels, the same for every image.
        batch_size: Images per batch; bounds the memory and does not change scores.
    """

    source: Source = Source.target
    image_size: int | None = harmless(None, because="enters as the size of the pairs")
    working_size: int = 56
    resize: ResizeMethod = ResizeMethod.bilinear
    fitted_share: float = 0.7
    seed: int = 0
    batch_size: int = harmless(4, because="bounds the memory; an image's score does not depend on its batch")

    def __post_init__(self) -> None:
        if self.image_size is not None:
            require(self.image_size >= 16, f"difficulty.image_size={self.image_size}: expected 16 or more, or null")
            require_at_most(self.image_size, MAX_SIDE, "difficulty.image_size", MEMORY)
        require(
            self.working_size >= 16 and self.working_size % 8 == 0,
            f"difficulty.working_size={self.working_size}: expected a multiple of 8, 16 or more "
            "(the backbone's input has 4 times that side and is halved 5 times)",
        )
        require(
            0 < self.fitted_share < 1,
            f"difficulty.fitted_share={self.fitted_share}: expected a share between 0 and 1",
        )
        require_at_most(self.working_size, 256, "difficulty.working_size", MEMORY)
        require_at_most(self.batch_size, 4096, "difficulty.batch_size", MEMORY)
        require(self.batch_size >= 1, f"difficulty.batch_size={self.batch_size}: expected 1 or more")
