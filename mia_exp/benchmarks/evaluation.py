"""The optimised bootstrap intervals against scikit-learn on each resample, in one run."""

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from sklearn.metrics import roc_auc_score

from mia_exp.benchmarks.measure import median_seconds, save_result
from mia_exp.evaluation.intervals import bootstrap
from mia_exp.evaluation.roc import Floats


def run(
    folder: Path, samples: int = 2000, columns: int = 10, replicates: int = 1000, repeats: int = 5
) -> dict[str, Any]:
    """Times both implementations, prints the speedup, and saves `evaluation.json`.

    Args:
        folder: Folder of the result.
        samples: Number of images, half of them members.
        columns: Number of scores; a third of them are rounded, so that many are tied.
        replicates: Resamples of the optimised implementation; scikit-learn does a fiftieth, and its time is scaled.
        repeats: Timed runs of each.

    Returns:
        The saved result.
    """
    rng = np.random.default_rng(0)
    is_member = np.arange(samples) < samples // 2
    scores: dict[str, Floats] = {
        f"column {k}": np.round(rng.normal(0.5 * is_member), 1 if k % 3 == 0 else 9) for k in range(columns)
    }
    few = max(2, replicates // 50)

    def slow() -> dict[str, np.ndarray]:
        """On other resamples."""
        drawn = [
            np.concatenate([rng.choice(np.flatnonzero(group), group.sum()) for group in (is_member, ~is_member)])
            for _ in range(few)
        ]
        return {
            name: np.array([roc_auc_score(is_member[rows], values[rows]) for rows in drawn])
            for name, values in scores.items()
        }

    # Another seed each time, since the replicates of equal scores and draws are kept.
    seeds = count()
    fast_seconds = median_seconds(lambda: bootstrap(scores, is_member, replicates, next(seeds)), repeats)
    slow_seconds = median_seconds(slow, repeats) * replicates / few
    # The two draw different resamples, so their spreads agree like two estimates of the same number.
    fast_spread = np.array([part.std() for part in bootstrap(scores, is_member, replicates, 0).values()])
    slow_spread = np.array([part.std() for part in slow().values()])
    result = {
        "samples": samples,
        "columns": columns,
        "replicates": replicates,
        "fast_seconds": fast_seconds,
        "slow_seconds": slow_seconds,
        "ratio": slow_seconds / fast_seconds,
        "mean_spread_fast": float(fast_spread.mean()),
        "mean_spread_slow": float(slow_spread.mean()),
        "repeats": repeats,
    }
    path = save_result("evaluation", result, torch.device("cpu"), folder)
    Console().print(
        f"{replicates} replicates, {columns} columns, {samples} samples: {fast_seconds:.3f} s; scikit-learn "
        f"{slow_seconds:.1f} s: {result['ratio']:.0f} times\nsaved {path}",
        soft_wrap=True,
    )
    return result
