"""The sizes of square images that a model takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageSizes:
    """Sides in pixels: the multiples of a step between two bounds.

    Attributes:
        step: Every side is a multiple of it.
        minimum: The smallest side.
        maximum: The largest side.
    """

    step: int
    minimum: int
    maximum: int

    @classmethod
    def only(cls, side: int) -> "ImageSizes":
        """One side and no other."""
        return cls(side, side, side)

    def accepts(self, side: int) -> bool:
        """Whether images of this side are taken."""
        return self.minimum <= side <= self.maximum and side % self.step == 0

    def nearest(self, side: float) -> int:
        """The accepted side that is nearest to a number of pixels."""
        return min(max(round(side / self.step) * self.step, self.minimum), self.maximum)

    def __str__(self) -> str:
        if self.minimum == self.maximum:
            return f"only {self.minimum} pixels"
        return f"multiples of {self.step} pixels from {self.minimum} to {self.maximum}"
