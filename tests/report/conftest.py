"""One evaluated run with drawn images, shared by the report's tests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mia_exp.config import EvaluationConfig
from mia_exp.evaluation import evaluate

N = 40
SIDE = 16


class DrawnGallery:
    """Images that depend on the id alone."""

    def x(self, ids: list[str]) -> np.ndarray:
        return self._draw(ids, 0)

    def y(self, ids: list[str]) -> np.ndarray:
        return self._draw(ids, 1)

    def v(self, ids: list[str]) -> np.ndarray:
        return self._draw(ids, 2)

    def _draw(self, ids: list[str], part: int) -> np.ndarray:
        return np.stack(
            [
                np.random.default_rng([int(name[1:]), part]).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
                for name in ids
            ]
        )


@dataclass
class Run:
    """What `write_report` is given."""

    metrics: dict[str, Any]
    scores: pd.DataFrame
    members: list[str]
    nonmembers: list[str]
    gallery: DrawnGallery


def make_run(n: int, leak: float = 0.02, brightness: float = 0.0) -> Run:
    rng = np.random.default_rng(0)
    members, nonmembers = [f"m{i:03d}" for i in range(n)], [f"n{i:03d}" for i in range(n)]
    ids, is_member = [*members, *nonmembers], np.arange(2 * n) < n
    difficulty = rng.gamma(8, 0.01, 2 * n)
    error = 0.05 + 0.5 * difficulty + rng.normal(0, 0.01, 2 * n) - leak * is_member
    scores = pd.DataFrame({"id": ids, "l_rec": error, "l_diff": difficulty, "l_mem": error - 0.5 * difficulty})
    blind = pd.DataFrame(
        {"id": ids, "l_diff": difficulty, "brightness": rng.normal(0.5, 0.1, 2 * n) + brightness * is_member}
    )
    evaluation = evaluate(
        scores[["id", "l_rec", "l_mem"]],
        blind,
        members,
        nonmembers,
        EvaluationConfig(bootstrap=200, fpr=[0.1, 0.01]),
    )
    metrics = {
        "schema": 1,
        "name": "trial",
        "dataset": "drawings",
        "split": {"kind": "random", "seed": 3, "hash": "4f1c"},
        "victim": {"kind": "pix2pix", "epochs": 7, "weights": None},
        "attack": {"kind": "ours", "alpha": 0.5, "difficulty": {"working_size": 56}},
        **evaluation.to_json(),
        "provenance": {"git": "abc123", "keys": {"split": "deadbeef"}, "versions": {"torch": "9.9"}},
    }
    return Run(metrics, scores, members, nonmembers, DrawnGallery())


@pytest.fixture(scope="session")
def shared_run() -> Run:
    """For tests that change nothing."""
    return make_run(N)


@pytest.fixture
def drawn_run() -> Run:
    return make_run(N)


@pytest.fixture
def confounded_run() -> Run:
    return make_run(N, brightness=0.15)


@pytest.fixture
def tight_run() -> Run:
    return make_run(N, leak=0.0)


@pytest.fixture
def small_run() -> Run:
    return make_run(3)
