"""Small victims trained concurrently, one process each, against sequentially in one process.

A sweep with `hydra/launcher=joblib` trains them concurrently. On a CPU each process has its share of the threads;
on a GPU all share the device, which a single small victim leaves mostly idle, waiting for kernel launches.
"""

import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from mia_exp.benchmarks.measure import save_result
from mia_exp.benchmarks.training_speed import decode, fit
from mia_exp.core.device import torch_device
from mia_exp.data.store import PairStore
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix


def run(
    folder: Path, victims: int = 8, pairs: int = 100, epochs: int = 2, width: int = 32, processes: int | None = None
) -> dict[str, Any]:
    """Times both, prints the speedup, and saves `fleet.json`.

    Args:
        folder: Folder of the result.
        victims: Number of 64-pixel pix2pix victims, each with its own seed.
        pairs: Training pairs of each.
        epochs: Epochs of each.
        width: ngf and ndf.
        processes: Number of processes, or None for one per core on a CPU and one per victim on a GPU.

    Returns:
        The saved result.
    """
    device = torch_device("auto")
    cores = len(os.sched_getaffinity(0))
    processes = processes or (victims if device.type == "cuda" else min(victims, cores))
    config = Pix2Pix(
        image_size=64, ngf=width, ndf=width, batch_size=4, augment=False, epochs=epochs, decay_epochs=0
    )
    with tempfile.TemporaryDirectory() as temporary:
        store = decode(Path(temporary), 64)
        _train(store.folder, config, 0, pairs)
        started = time.perf_counter()
        for seed in range(victims):
            _train(store.folder, config, seed, pairs)
        alone = time.perf_counter() - started
        with ProcessPoolExecutor(
            processes, get_context("spawn"), torch.set_num_threads, (max(1, cores // processes),)
        ) as pool:
            # Warm-up of each process: start, imports, and compilation of kernels.
            list(pool.map(_train, *zip(*[(store.folder, config, 0, pairs)] * processes, strict=True)))
            started = time.perf_counter()
            list(pool.map(_train, *zip(*[(store.folder, config, k, pairs) for k in range(victims)], strict=True)))
            together = time.perf_counter() - started
    result = {
        "victims": victims,
        "pairs": pairs,
        "epochs": epochs,
        "width": width,
        "processes": processes,
        "one_after_another_seconds": alone,
        "together_seconds": together,
        "ratio": alone / together,
    }
    path = save_result("fleet", result, device, folder)
    Console().print(
        f"{victims} victims, {processes} concurrently: {together:.1f} s; sequentially {alone:.1f} s: "
        f"speedup {result['ratio']:.2f}\nsaved {path}",
        soft_wrap=True,
    )
    return result


def _train(folder: Path, config: Pix2Pix, seed: int, pairs: int) -> None:
    store = PairStore.open(folder)
    fit(replace(config, seed=seed), store, store.ids[:pairs], config.epochs)
