"""The Gauss defense: noise on V(x) before it leaves the model (Fig. 10)."""

import torch
from torch import Tensor

from mia_exp.seeds import derive
from mia_exp.victims.query import QueryFunction, query_digest


def gauss(query: QueryFunction, sigma: float, seed: int) -> QueryFunction:
    """Wraps a query function: V(x) + N(0, sigma^2), clamped to [0, 1].

    The noise is drawn from the seed and the image that is asked about, which a black box knows by its content
    alone. So the same query gets the same answer, in any batch and order, and asking twice does not average the
    noise away.

    Args:
        query: x (N, C, H, W) in [0, 1] -> V(x) (N, 3, H, W) in [0, 1].
        sigma: Standard deviation of the noise on that scale; 0 changes nothing.
        seed: Seeds the noise.
    """

    def answer(x: Tensor) -> Tensor:
        answers = query(x)
        noise = torch.stack([_noise(image, answers.shape[1:], seed) for image in x])
        return (answers + sigma * noise).clamp(0, 1)

    return answer


def _noise(image: Tensor, shape: torch.Size, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(derive(seed, "gauss", query_digest(image)))
    return torch.randn(shape, generator=generator)
