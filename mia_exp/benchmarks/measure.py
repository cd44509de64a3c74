"""Timing: warm-up, repeats, medians, and a record of the machine."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from mia_exp.core.device import describe_device
from mia_exp.core.provenance import git_commit, installed_versions


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Runs `work` once to warm up, then `repeats` times; returns the median time of one run in seconds."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def interleaved_medians(forms: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of one run of each implementation, by name.

    Each is run once to warm up. Then they are run alternately, `repeats` times, so that other load on the machine
    slows all of them equally and does not change their ratios.
    """
    times: dict[str, list[float]] = {name: [] for name in forms}
    for work in forms.values():
        work()
    for _ in range(repeats):
        for name, work in forms.items():
            started = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def finish(device: torch.device) -> None:
    """Waits until the device has finished all work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def save_result(name: str, result: Mapping[str, Any], device: torch.device, folder: Path) -> Path:
    """Writes a benchmark's results with device, versions, commit and date."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    content = {
        "benchmark": name,
        **result,
        "device": describe_device(device),
        "threads": torch.get_num_threads(),
        "versions": installed_versions(),
        "git": git_commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path
