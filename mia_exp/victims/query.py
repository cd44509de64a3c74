"""The black box: `x -> V(x)`, and nothing else of the victim.

It is the boundary of the threat model: attacks only see the outputs of this module.
"""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from mia_exp.core.device import send
from mia_exp.core.progress import track
from mia_exp.core.seeds import derive
from mia_exp.data.tensors import to_uint8
from mia_exp.victims.query_settings import QueryMode, QuerySettings

QueryFunction = Callable[[Tensor], Tensor]


def black_box(generator: nn.Module, config: QuerySettings, device: torch.device) -> QueryFunction:
    """Wraps a generator as a function of x.

    Args:
        generator: Maps (N, 3, H, W) in [0, 1] to the same.
        config: `eval` is deterministic. `stochastic` keeps dropout and batch statistics active, one image at a
            time as in the original's test script, with dropout seeded by the seed and the query's content: the
            same query has the same output.
        device: Where the generator runs.
    """
    generator = generator.to(device).requires_grad_(False)
    if config.mode is QueryMode.eval:
        generator.eval()

        @torch.inference_mode()
        def query(x: Tensor) -> Tensor:
            outputs: Tensor = generator(send(x, device))
            return outputs.cpu()

        return query
    _make_stochastic(generator)

    @torch.inference_mode()
    def query_stochastic(x: Tensor) -> Tensor:
        outputs = []
        devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            for image in x:
                torch.manual_seed(derive(config.seed, "query", query_digest(image)))
                outputs.append(generator(image.unsqueeze(0).to(device)).cpu())
        return torch.cat(outputs)

    return query_stochastic


def run_queries(query: QueryFunction, batches: Iterator[Tensor], n_batches: int) -> Iterator[np.ndarray]:
    """Queries the black box with batches of x.

    Args:
        query: The black box.
        batches: (N, 3, H, W) tensors in [0, 1].
        n_batches: Number of batches.

    Yields:
        V(x) of each batch, uint8 (N, H, W, 3), as an API returns it.
    """
    for x in track(batches, "querying the victim", n_batches):
        yield to_uint8(query(x))


def _make_stochastic(generator: nn.Module) -> None:
    generator.train()
    for layer in generator.modules():
        # Without running statistics, batch norm uses the image's own and stores none: a query has no side effects.
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = None


def query_digest(image: Tensor) -> str:
    """SHA-256 of a query (C, H, W) in bytes: a black box can identify an image only by its content."""
    return hashlib.sha256((image * 255).round().byte().cpu().numpy().tobytes()).hexdigest()
