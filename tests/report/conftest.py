"""Evaluated runs with drawn images, of every kind of attack, shared by the report's tests."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mia_exp.attacks.attack import L_DIFF, L_REC, Attack
from mia_exp.core.column import Column
from mia_exp.evaluation.blind import BLIND_COLUMNS
from mia_exp.evaluation.evaluate import evaluate
from mia_exp.evaluation.evaluation_settings import EvaluationSettings
from tests.discovery import choices

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
    """What a run's folder is written of."""

    metrics: dict[str, Any]
    scores: pd.DataFrame
    members: list[str]
    nonmembers: list[str]
    gallery: DrawnGallery


DAMAGE = {
    "n": 80,
    "outputs": {"psnr": 21.34, "ssim": 0.7123, "perceptual": 0.2041, "identical": 0},
    "undefended": {"psnr": 15.02, "ssim": 0.4551, "perceptual": 0.5, "identical": 0},
    "defended": {"psnr": 14.08, "ssim": 0.3209, "perceptual": 0.6, "identical": 0},
}

# The columns that a run of each attack has, and the blind columns that the attack adds.
ATTACKS: dict[str, tuple[list[str], list[str]]] = {
    "reconstruction": (["l_rec"], []),
    "ours": (["l_rec", "l_mem", "l_mem_slope"], []),
    "augmented": (["l_rec", "l_mem_aug", "l_mem_aug_slope", "l_rec_aug"], []),
    "multi_image": (["l_rec", "l_mem_multi", "l_mem_multi_slope"], ["l_shadow"]),
    "supervised": (["l_rec", "l_mem_vsd", "l_mem_vsd_slope"], ["l_vsd"]),
    "shadow": (["l_rec", "shadow_score"], []),
    "difficulty": (["l_diff"], []),
}
CLASSES: dict[str, type[Attack]] = {choice.name: choice.cls for choice in choices("attack")}  # type: ignore[misc]


def declared(*attacks: str) -> dict[str, Column]:
    """The columns that runs of these attacks can have, by name; of all attacks that query a victim by default."""
    classes = [CLASSES[attack] for attack in attacks] or [cls for cls in CLASSES.values() if cls.queries_victim]
    columns = (L_REC, L_DIFF, *BLIND_COLUMNS, *(column for cls in classes for column in cls.columns))
    return {column.name: column for column in columns}


def described(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Columns of runs that query a victim, as `metrics.json` describes them."""
    known = declared()
    return {name: asdict(known[name]) for name in names}


def make_run(n: int, leak: float = 0.02, brightness: float = 0.0, attack: str = "ours", seed: int = 0) -> Run:
    """A run over `n` members and `n` non-members; an error is lower for members by `leak`.

    `seed` stands for the split's: it draws other images, and so other numbers.
    """
    rng = np.random.default_rng(seed)
    members, nonmembers = [f"m{i:03d}" for i in range(n)], [f"n{i:03d}" for i in range(n)]
    ids, is_member = [*members, *nonmembers], np.arange(2 * n) < n
    difficulty = rng.gamma(8, 0.01, 2 * n)
    error = 0.05 + 0.5 * difficulty + rng.normal(0, 0.01, 2 * n) - leak * is_member
    luma = rng.normal(0.5, 0.1, 2 * n) + brightness * is_member
    less = error - 0.5 * difficulty
    everything = pd.DataFrame(
        {
            "l_rec": error,
            "l_diff": difficulty,
            "l_mem": less,
            "l_rec_aug": error + rng.normal(0, 0.002, 2 * n),
            "l_mem_aug": less + rng.normal(0, 0.002, 2 * n),
            "l_shadow": difficulty + rng.normal(0, 0.02, 2 * n),
            "l_mem_multi": less + rng.normal(0, 0.01, 2 * n),
            "l_vsd": rng.normal(0, 1, 2 * n),
            "l_mem_vsd": error + rng.normal(0, 0.005, 2 * n),
            "shadow_score": 1 / (1 + np.exp(100 * (less - less.mean()))),
            "brightness": luma,
            "l_mem_slope": less + rng.normal(0, 0.001, 2 * n),
            "l_mem_aug_slope": less + rng.normal(0, 0.001, 2 * n),
            "l_mem_multi_slope": less + rng.normal(0, 0.005, 2 * n),
            "l_mem_vsd_slope": error + rng.normal(0, 0.001, 2 * n),
        },
        index=pd.Index(ids, name="id"),
    )
    names, extra = ATTACKS[attack]
    blind = [name for name in ("l_diff", *extra, "brightness") if name not in names]
    columns = [declared(attack)[name] for name in (*names, *blind)]
    assert [column.name for column in columns if column.blind] == blind
    scores = everything[[column.name for column in columns]]
    evaluation = evaluate(scores, columns, members, nonmembers, EvaluationSettings(bootstrap=200, fpr=[0.1, 0.01]))
    asked = attack != "difficulty"
    metrics = {
        "schema": 1,
        "name": "trial",
        "dataset": "drawings",
        "split": {"kind": "random", "title": "a random split", "seed": seed, "hash": f"4f1c{seed}"},
        "victim": {"kind": "pix2pix", "epochs": 7, "weights": None} if asked else {"kind": "none"},
        "query": {"mode": "eval"},
        "defense": {"kind": "none"},
        "difficulty": {"working_size": 56},
        "attack": {"kind": attack, "alpha": 0.5},
        **evaluation.to_json(),
        "columns": {column.name: asdict(column) for column in columns},
        "headline": CLASSES[attack].columns[0].name,
        "attack_details": {},
        "damage": None,
        "training": {"l1": [0.3, 0.2, 0.1], "held_out_l1": [0.3, 0.25, 0.24]} if asked else None,
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
