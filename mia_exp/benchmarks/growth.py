"""Time and peak memory of a complete run against the number of images.

The images are synthetic and the victim's weights random, which affects neither. Each run is a separate process, so
that the memory of one run does not hide that of the next.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from mia_exp.benchmarks.drawn_pairs import SIDE, draw_pairs
from mia_exp.benchmarks.measure import save_result
from mia_exp.data import InputLayout, Pool
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.splits.random_split import RandomSplit
from mia_exp.report.style import ATTACKS, BLIND, CHANCE, styled_figure
from mia_exp.victims.generator_file import save_generator
from mia_exp.victims.kept import training_set_hash
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix

# The stages whose times are shown.
STAGES = ("pairs", "queries", "reconstruction", "difficulty", "blind")
COLORS = (*ATTACKS[1:], BLIND, "#d55e00")


def run(folder: Path, sizes: Sequence[int] = (100, 300, 1000, 3000, 10000, 20000)) -> dict[str, Any]:
    """Measures a run of each size, prints and plots the results, and saves `growth.json` and `growth.png`.

    Args:
        folder: Folder of the result.
        sizes: Numbers of images, half of them members.

    Returns:
        The saved result.
    """
    console = Console()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        pairs = Path(temporary) / "all"
        draw_pairs(pairs, max(sizes))
        for size in sizes:
            rows.append(_measure(Path(temporary) / str(size), pairs, size))
            console.print(
                f"{size:>6} images: {rows[-1]['seconds']:.1f} s, peak memory {rows[-1]['peak_mb']:.0f} MB",
                highlight=False,
            )
    result = {"image_size": SIDE, "rows": rows}
    path = save_result("growth", result, torch.device("cpu"), folder)
    _plot(rows, folder / "growth.png")
    console.print(f"saved {path}", soft_wrap=True)
    return result


def _measure(folder: Path, pairs: Path, size: int) -> dict[str, Any]:
    for part in ("inputs", "targets"):
        (folder / "data" / part).mkdir(parents=True)
        for file in sorted((pairs / part).iterdir())[:size]:
            os.link(file, folder / "data" / part / file.name)
    words = [
        "dataset=folder",
        f"dataset.root={folder / 'data'}",
        f"split.n_members={size // 2}",
        f"victim.image_size={SIDE}",
        "victim.ngf=8",
        "victim.ndf=8",
        f"victim.weights={folder / 'generator.safetensors'}",
        "trainer.accelerator=cpu",
        f"output_dir={folder / 'outputs'}",
        f"hydra.run.dir={folder / 'run'}",
    ]
    dataset = FolderDataset(root=str(folder / "data"))
    split = RandomSplit(n_members=size // 2)
    members = split.draw(Pool(dataset.open(folder).records())).members
    generator = Pix2Pix(image_size=SIDE, ngf=8, ndf=8).build_generator(InputLayout(), len(members))
    save_generator(generator, folder / "generator.safetensors", training_set_hash(members))
    seconds, peak = _watched([sys.executable, "-m", "mia_exp", *words], folder)
    stages = json.loads((folder / "run/metrics.json").read_text())["provenance"]["seconds"]
    parts = {name: stages[name] for name in STAGES}
    # The remaining time: start, evaluation and report.
    parts["start, evaluation, report"] = seconds - sum(parts.values())
    return {"n": size, "seconds": seconds, "peak_mb": peak / 1e6, "parts": parts}


def _watched(command: Sequence[str], folder: Path) -> tuple[float, int]:
    """Runs a command in a folder.

    Returns:
        Its seconds, and its peak anonymous memory in bytes: pages of mapped files, which the system can evict, are
        not counted.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    log = folder / "log.txt"
    started = time.perf_counter()
    with log.open("w") as output, subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _own_bytes(process.pid))
            time.sleep(0.01)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, log.read_text())
    return time.perf_counter() - started, peak


def _own_bytes(pid: int) -> int:
    """Anonymous memory of a process on Linux; 0 once it has ended."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return 1024 * int(found[1]) if found else 0


def _plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    count = [row["n"] for row in rows]
    with styled_figure(path, 4.4) as figure:
        time_axis, memory_axis = figure.subplots(1, 2)
        for (name, values), color in zip(_by_part(rows).items(), COLORS, strict=True):
            time_axis.plot(count, values, color=color, marker="o", label=name)
        time_axis.plot(count, [row["seconds"] for row in rows], color="#000000", marker="o", label="total")
        last = rows[-1]["seconds"]
        time_axis.plot(count, [last * n / count[-1] for n in count], color=CHANCE, label="proportional to N")
        time_axis.set(xscale="log", yscale="log", xlabel="images N", ylabel="seconds", title="time")
        figure.legend(loc="outside lower center", ncols=4)
        memory_axis.plot(count, [row["peak_mb"] for row in rows], color="#000000", marker="o")
        memory_axis.set(xscale="log", xlabel="images N", ylabel="MB", title="peak memory")
        memory_axis.set_ylim(0, 1.2 * max(row["peak_mb"] for row in rows))


def _by_part(rows: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    return {name: [row["parts"][name] for row in rows] for name in rows[0]["parts"]}
