"""The black box: `x -> V(x)`, and nothing else of the victim.

The wall of the threat model runs here. Attacks are given what this module answers.
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
        config: `eval` answers deterministically. `stochastic` keeps dropout and batch statistics live, one
            image at a time as in the original's test script, with dropout drawn from the seed and the query
            itself: the same query gets the same answer.
        device: Where the generator runs.
    """
    generator = generator.to(device).requires_grad_(False)
    if config.mode is QueryMode.eval:
        generator.eval()

        @torch.inference_mode()
        def answer(x: Tensor) -> Tensor:
            answers: Tensor = generator(send(x, device))
            return answers.cpu()

        return answer
    _go_live(generator)

    @torch.inference_mode()
    def answer_live(x: Tensor) -> Tensor:
        answers = []
        devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            for image in x:
                torch.manual_seed(derive(config.seed, "query", query_digest(image)))
                answers.append(generator(image.unsqueeze(0).to(device)).cpu())
        return torch.cat(answers)

    return answer_live


def run_queries(query: QueryFunction, batches: Iterator[Tensor], n_batches: int) -> Iterator[np.ndarray]:
    """Asks the black box about batches of x, one after another.

    Args:
        query: The black box.
        batches: (N, 3, H, W) tensors in [0, 1].
        n_batches: How many there are.

    Yields:
        V(x) of each batch, uint8 (N, H, W, 3): what an API returns.
    """
    for x in track(batches, "querying the victim", n_batches):
        yield to_uint8(query(x))


def _go_live(generator: nn.Module) -> None:
    generator.train()
    for layer in generator.modules():
        # Without running statistics, batch norm uses the image's own and stores none: a query changes nothing.
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = None


def query_digest(image: Tensor) -> str:
    """Names a query (C, H, W) by its content, in bytes: what a black box knows of the identity of an image."""
    return hashlib.sha256((image * 255).round().byte().cpu().numpy().tobytes()).hexdigest()
