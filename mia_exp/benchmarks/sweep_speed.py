"""A sweep over alpha with cached stages as one command, against the same number of single commands."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from mia_exp.benchmarks.drawn_pairs import SIDE, draw_pairs
from mia_exp.benchmarks.measure import median_seconds, save_result

# A victim that trains quickly: only the steps after training are timed.
VICTIM = (
    f"victim.image_size={SIDE}",
    "victim.ngf=8",
    "victim.ndf=8",
    "victim.epochs=1",
    "victim.decay_epochs=0",
    "victim.batch_size=16",
    "trainer.accelerator=cpu",
)


def run(folder: Path, samples: int = 2000, values: int = 20, repeats: int = 3) -> dict[str, Any]:
    """Times the sweep, a single run and `--help`, including start-up, and saves `sweep.json`.

    Args:
        folder: Folder of the result.
        samples: Evaluated pairs, half of them members.
        values: Number of values of alpha; each is a job.
        repeats: Timed runs of each.

    Returns:
        The saved result.
    """
    words = ["dataset=folder", "dataset.root=pairs", f"split.n_members={samples // 2}", *VICTIM]
    alphas = ",".join(f"{(k + 1) / values:g}" for k in range(values))
    with tempfile.TemporaryDirectory() as temporary:
        cwd = Path(temporary)
        draw_pairs(cwd / "pairs", samples)
        # The warm-up run of `median_seconds` fills the cache for the timed runs.
        single = median_seconds(lambda: _mia_exp(words, cwd), repeats)
        sweep = median_seconds(lambda: _mia_exp(["-m", *words, f"attack.alpha={alphas}"], cwd), repeats)
        starting = median_seconds(lambda: _mia_exp(["--help"], cwd), repeats)
    result = {
        "samples": samples,
        "jobs": values,
        "sweep_seconds": sweep,
        "single_seconds": single,
        "ratio": values * single / sweep,
        "help_seconds": starting,
        "repeats": repeats,
    }
    path = save_result("sweep", result, torch.device("cpu"), folder)
    Console().print(
        f"{values} values of alpha over {samples} cached samples: {sweep:.1f} s; single runs {values} x "
        f"{single:.1f} s: speedup {result['ratio']:.1f}\n--help: {starting:.2f} s\nsaved {path}",
        soft_wrap=True,
    )
    return result


def _mia_exp(words: Sequence[str], cwd: Path) -> None:
    subprocess.run([sys.executable, "-m", "mia_exp", *words], cwd=cwd, check=True, capture_output=True)
