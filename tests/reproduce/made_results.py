"""Results made by hand, in the files that `save_runs` writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia_exp.attacks.attack import L_DIFF, L_REC
from mia_exp.attacks.augmented import Augmented
from mia_exp.attacks.multi_image import MultiImage
from mia_exp.attacks.ours import Ours
from mia_exp.attacks.shadow import Shadow
from mia_exp.attacks.supervised import Supervised
from mia_exp.core.column import Column
from mia_exp.evaluation.blind import BLIND_COLUMNS

COLUMNS: dict[str, Column] = {
    column.name: column
    for attack in (Ours, Augmented, MultiImage, Supervised, Shadow)
    for column in (L_REC, L_DIFF, *attack.columns, *BLIND_COLUMNS)
}
STAGES = [{"channels": 24, "stride": 4}, {"channels": 40, "stride": 8}]


def scores(n: int = 40, seed: int = 0, **gaps: float) -> pd.DataFrame:
    """A score table of n members and n non-members, an SD of 0.01 each.

    Args:
        n: Images in each group.
        seed: Draws the scores.
        **gaps: How much lower each column is for members, in standard deviations.
    """
    rng = np.random.default_rng(seed)
    member = np.repeat([True, False], n)
    table = pd.DataFrame({"id": [f"i{number:03d}" for number in range(2 * n)], "member": member})
    for name, gap in {"l_rec": 1.0, "l_diff": 0.0, "contrast": 0.0, "laplacian_energy": 0.0, **gaps}.items():
        sign = 1 if COLUMNS[name].higher_is_member else -1
        table[name] = (0.1 + 0.01 * (rng.normal(size=2 * n) + sign * gap * member)).astype(np.float32)
    return table


def metrics(
    victim: str = "pix2pix", dataset: str = "facades", split: str = "official", seed: int = 0, **settings: Any
) -> dict[str, Any]:
    """What a run says of itself; settings such as `query__epoch=5` are put where `metrics.json` has them."""
    about: dict[str, Any] = {
        "dataset": dataset,
        "n_members": 40,
        "n_nonmembers": 40,
        "split": {"kind": split, "members": 100, "seed": seed, "hash": "0123456789"},
        "victim": {
            "kind": victim,
            "image_size": 64,
            "ngf": 64,
            "ndf": 64,
            "epochs": 200,
            "batch_size": 1,
            "learning_rate": 2e-4,
            "decay_epochs": None,
            "downsamplings": 4,
            "blocks": 9,
            "perceptual": "vgg19",
            "one_hot_labels": True,
        },
        "query": {"mode": "eval", "epoch": None},
        "features": {"kind": "wide_resnet50_2", "stages": STAGES},
        "difficulty": {"working_size": 56, "fitted_share": 0.7, "seed": 0, "resize": "bilinear"},
        "attack": {"kind": "ours", "alpha": 0.5, "variants": 8},
        "shadow": {"n_pairs": 100, "dataset": None},
        "defense": {"kind": "none"},
        "damage": None,
        "attacks": {"shadow_score": {"accuracy": 0.7}},
        "blind": {"brightness": {"auc": 0.42, "separates": True}, "contrast": {"auc": 0.55, "separates": False}},
        "provenance": {"device": "CPU", "git": "abcdef0123", "keys": {}, "seconds": {}, "stage_versions": {}},
    }
    for name, value in settings.items():
        *path, last = name.split("__")
        place = about
        for part in path:
            place = place[part]
        place[last] = value
    return about


def save(
    folder: Path,
    experiment: str,
    jobs: Sequence[tuple[Mapping[str, str], Mapping[str, Any] | None, pd.DataFrame | None]],
    scale: str = "cpu",
) -> None:
    """Writes an experiment's results: overrides, metrics and scores of each job."""
    (folder / "scores").mkdir(parents=True, exist_ok=True)
    content = {
        "schema": 2,
        "experiment": experiment,
        "shared": {"columns": {name: asdict(column) for name, column in COLUMNS.items()}, "scale": scale},
        "jobs": [{"overrides": dict(overrides), "metrics": about} for overrides, about, _ in jobs],
    }
    (folder / f"{experiment}.json").write_text(json.dumps(content))
    tables = [table.assign(job=number) for number, (_, _, table) in enumerate(jobs) if table is not None]
    if tables:
        pd.concat(tables).to_parquet(folder / "scores" / f"{experiment}.parquet", index=False)


def save_cases(
    folder: Path,
    experiment: str,
    cases: Sequence[tuple[str, str, str]],
    seeds: Sequence[int] = (0, 1, 2),
    sweep: Mapping[str, Sequence[Any]] | None = None,
    gaps: Mapping[str, float] | None = None,
) -> None:
    """Writes an experiment's runs: all cases (victim, dataset, split), seeds and values of one swept setting."""
    [(setting, values)] = (sweep or {"": [None]}).items()
    jobs = []
    for victim, dataset, split in cases:
        for value in values:
            for seed in seeds:
                swept = {setting.replace(".", "__"): value} if setting else {}
                about = metrics(victim, dataset, split, seed, **swept)
                words = {"victim": victim, "dataset": dataset, "split": split, "seed": str(seed)}
                jobs.append(
                    (words | ({setting: str(value)} if setting else {}), about, scores(40, seed, **(gaps or {})))
                )
    save(folder, experiment, jobs)
