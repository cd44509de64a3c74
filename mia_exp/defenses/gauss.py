"""The Gauss defense: noise on V(x) before it leaves the model (Fig. 10)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.check import require, require_at_most
from mia_exp.core.seeds import derive
from mia_exp.defenses.defense import Defense

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from mia_exp.victims.query import QueryFunction


@dataclass
class Gauss(Defense):
    """Noise on V(x): V(x) + N(0, sigma^2), clamped to [0, 1].

    The noise is drawn from the seed and the queried image's content. So the same query gets the same output, in any
    batch and order, and repeating a query does not average the noise away.

    Attributes:
        sigma: Standard deviation of the noise on the [0, 1] scale; 0 changes nothing.
        seed: Seeds the noise, by image.
    """

    title: ClassVar[str] = "gauss"

    sigma: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        require_at_most(self.sigma, 100, "defense.sigma", "the images lie between 0 and 1")
        require(self.sigma >= 0, f"defense.sigma={self.sigma}: expected a standard deviation, 0 or more")
        require(self.seed >= 0, f"defense.seed={self.seed}: expected 0 or more")

    @property
    def summary(self) -> str:
        """`gauss 0.1`."""
        return f"{self.title} {self.sigma:g}"

    def wrap(self, query: "QueryFunction") -> "QueryFunction":
        """Adds the noise to a query function's outputs; see `Defense.wrap`."""
        import torch

        def noisy_query(x: "Tensor") -> "Tensor":
            outputs = query(x)
            noise = torch.stack([_noise(image, outputs.shape[1:], self.seed) for image in x])
            return (outputs + self.sigma * noise).clamp(0, 1)

        return noisy_query


def _noise(image: "Tensor", shape: "torch.Size", seed: int) -> "Tensor":
    import torch

    from mia_exp.victims.query import query_digest

    generator = torch.Generator().manual_seed(derive(seed, "gauss", query_digest(image)))
    return torch.randn(shape, generator=generator)
