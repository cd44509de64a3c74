"""The black box: its two modes."""

import hashlib

import numpy as np
import pytest
import torch

from mia_exp.data.tensors import to_uint8
from mia_exp.victims.pix2pix.unet import UNetGenerator
from mia_exp.victims.query import black_box, run_queries
from mia_exp.victims.query_settings import QueryMode, QuerySettings

CPU = torch.device("cpu")


def generator() -> UNetGenerator:
    torch.manual_seed(0)
    network = UNetGenerator(64, 8, dropout=True)
    with torch.no_grad():
        network.train()
        for _ in range(3):  # running statistics that are not the initial ones
            network(torch.rand(4, 3, 64, 64))
    return network


def test_eval_is_deterministic_and_does_not_depend_on_the_batch() -> None:
    query = black_box(generator(), QuerySettings(), CPU)
    x = torch.rand(5, 3, 64, 64)
    together = query(x)
    assert torch.equal(together, query(x))
    alone = torch.cat([query(image.unsqueeze(0)) for image in x])
    assert torch.allclose(together, alone, atol=1e-6)


def test_stochastic_is_the_training_mode_network_on_one_image() -> None:
    network = generator()
    x = torch.rand(1, 3, 64, 64)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    reference = generator().train()
    digest = hashlib.sha256((x[0] * 255).round().byte().numpy().tobytes()).hexdigest()
    seed = int.from_bytes(hashlib.sha256(f"7:query:{digest}".encode()).digest()[:8], "big") >> 1
    torch.manual_seed(seed)
    with torch.no_grad():
        expected = reference(x)
    answer = black_box(network, QuerySettings(mode=QueryMode.stochastic, seed=7), CPU)(x)
    assert torch.allclose(answer, expected, atol=1e-6)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_stochastic_follows_the_query_and_the_seed_alone() -> None:
    def ask(seed: int, x: torch.Tensor) -> torch.Tensor:
        return black_box(generator(), QuerySettings(mode=QueryMode.stochastic, seed=seed), CPU)(x)

    x = torch.rand(3, 3, 64, 64)
    assert torch.equal(ask(0, x), ask(0, x))
    assert torch.equal(ask(0, x).flip(0), ask(0, x.flip(0)))
    assert not torch.equal(ask(0, x), ask(1, x))
    eval_mode = black_box(generator(), QuerySettings(), CPU)(x)
    assert not torch.allclose(ask(0, x), eval_mode, atol=1e-3)


def test_queries_leave_the_global_random_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    query = black_box(generator(), QuerySettings(mode=QueryMode.stochastic), CPU)
    torch.manual_seed(3)
    query(torch.zeros(2, 3, 64, 64))
    assert torch.equal(torch.rand(1), expected)


def test_outputs_are_rounded_to_bytes() -> None:
    values = torch.tensor([0.0, 0.5 / 255, 1.4 / 255, 1.6 / 255, 1.0, 1.2]).view(1, 1, 1, 6).expand(1, 3, 1, 6)
    assert to_uint8(values)[0, 0, :, 0].tolist() == pytest.approx([0, 0, 1, 2, 255, 255])
    batches = iter([torch.zeros(2, 3, 4, 4), torch.ones(1, 3, 4, 4)])
    outputs = np.concatenate(list(run_queries(lambda x: x, batches, 2)))
    assert outputs.dtype == np.uint8
    assert outputs.reshape(3, -1).mean(1).tolist() == [0, 0, 255]
