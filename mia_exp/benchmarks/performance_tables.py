"""The tables of docs/performance.md, made from the results in results/bench/."""

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mia_exp.core.markdown import markdown_table

BEGIN, END = "<!-- from results/bench, by `mia-bench tables` -->\n", "<!-- end -->\n"
PAGE = Path("docs/performance.md")


def write_tables(folder: Path, page: Path = PAGE) -> None:
    """Writes the tables to the page, between its two marker lines.

    Args:
        folder: Folder of the benchmarks' results.
        page: The page, with the markers `BEGIN` and `END`.
    """
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{render_tables(folder)}\n{END}{after}")


def render_tables(folder: Path) -> str:
    """The results of all benchmarks as Markdown."""
    read = {name: json.loads((folder / f"{name}.json").read_text()) for name in TABLES}
    return "\n\n".join(f"{TABLES[name](result)}\n\n{_machine(result)}" for name, result in read.items()) + "\n"


def _difficulty(result: Mapping[str, Any]) -> str:
    rows = [
        (
            row["batch_size"],
            f"{row['seconds_per_image']:.3f}",
            f"{row['network_seconds_per_image']:.3f}",
            f"{row['regression_seconds_per_image']:.3f}",
            f"{row['ratio']:.1f}",
            f"{row['ratio_to_float32']:.1f}",
            f"{row['peak_extra_mb']:.0f}",
        )
        for row in result["fast"]
    ]
    columns = (
        "batch",
        "s per image",
        "network",
        "regression",
        "speedup over float64",
        "over float32",
        "peak MB",
    )
    exact, rough = result["slow_seconds_per_image"], result["slow_float32_seconds_per_image"]
    return (
        f"**Difficulty.** {result['network']}, {result['grid']}. The plain implementation (full network, 3840 "
        f"columns, scikit-learn, one image at a time) takes {exact:.2f} s per image in float64, and {rough:.2f} s "
        "in float32, as in the authors' script. The largest relative difference from its float64 scores is "
        f"{result['largest_relative_error']:.0e} for the optimised scores and "
        f"{result['largest_relative_error_of_float32']:.0e} for the plain float32 scores. Medians of "
        f"{result['repeats']} interleaved runs; load average before: {result['load_average_before']:.1f}.\n\n"
        f"{markdown_table(columns, rows)}"
    )


def _evaluation(result: Mapping[str, Any]) -> str:
    row = (f"{result['fast_seconds']:.2f}", f"{result['slow_seconds']:.1f}", f"{result['ratio']:.0f}")
    return (
        f"**Bootstrap intervals.** {result['replicates']} replicates, {result['columns']} columns, "
        f"{result['samples']} samples. Compared with scikit-learn's AUC on each "
        f"resample.\n\n{markdown_table(('s', 's, scikit-learn', 'speedup'), [row])}"
    )


def _training(result: Mapping[str, Any]) -> str:
    rows = [
        (
            row["victim"],
            row["form"],
            f"{row['seconds']:.2f}",
            f"{row['plain_seconds']:.2f}",
            f"{row['plain_seconds'] / row['seconds']:.2f}",
        )
        for row in result["steps"]
    ]
    errors = [
        (form, f"{statistics.mean(values):.4f}", ", ".join(f"{value:.4f}" for value in values))
        for form, values in result["held_out_l1"].items()
    ]
    return (
        f"**Training.** Steps at {result['image_size']} pixels, width {result['width']}, batch "
        f"{result['batch_size']}, against a plain eager float32 loop.\n\n"
        f"{markdown_table(('victim', 'precision', 's per step', 's, plain', 'speedup'), rows)}\n\n"
        "Held-out error by precision: L1 on 60 held-out pairs of a small 64-pixel pix2pix, by seed:\n\n"
        f"{markdown_table(('precision', 'mean', 'by seed'), errors)}"
    )


def _queries(result: Mapping[str, Any]) -> str:
    rows = [
        (
            row["batch_size"],
            f"{row['images_per_second']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['largest_difference']}/255",
        )
        for row in result["fast"]
    ]
    return (
        f"**Queries.** A pix2pix generator at {result['image_size']} pixels. The plain loop queries one image at a "
        f"time, with gradients: {result['plain_images_per_second']:.1f} images per second.\n\n"
        f"{markdown_table(('batch', 'images per second', 'speedup', 'largest difference of outputs'), rows)}"
    )


def _sweep(result: Mapping[str, Any]) -> str:
    row = (f"{result['sweep_seconds']:.1f}", f"{result['single_seconds']:.1f}", f"{result['ratio']:.1f}")
    return (
        f"**Sweeps.** {result['jobs']} values of alpha over {result['samples']} cached samples, "
        f"including start-up; a single run draws its report, a job of a sweep does not. `mia-exp --help` takes "
        f"{result['help_seconds']:.2f} s.\n\n"
        f"{markdown_table(('s, sweep', 's, single run', 'speedup over single runs'), [row])}"
    )


def _growth(result: Mapping[str, Any]) -> str:
    parts = list(result["rows"][0]["parts"])
    rows = [
        (
            row["n"],
            f"{row['seconds']:.0f}",
            *(f"{row['parts'][name]:.1f}" for name in parts),
            f"{row['peak_mb']:.0f}",
        )
        for row in result["rows"]
    ]
    return (
        f"**Growth.** Complete runs on N synthetic {result['image_size']}-pixel pairs, EfficientNet-Lite0 "
        "features; seconds of each part, and the peak anonymous memory of the process.\n\n"
        f"{markdown_table(('N', 's', *parts, 'peak MB'), rows)}\n\n"
        "![Time and memory against N](../results/bench/growth.png)"
    )


def _fleet(result: Mapping[str, Any]) -> str:
    row = (
        result["processes"],
        f"{result['together_seconds']:.1f}",
        f"{result['one_after_another_seconds']:.1f}",
        f"{result['ratio']:.2f}",
    )
    return (
        f"**Concurrent training.** {result['victims']} small 64-pixel pix2pix victims, trained in concurrent "
        "processes (`hydra/launcher=joblib`), against sequentially.\n\n"
        f"{markdown_table(('processes', 's, concurrent', 's, sequential', 'speedup'), [row])}"
    )


def _machine(result: Mapping[str, Any]) -> str:
    versions = result["versions"]
    return f"{result['device']}, torch {versions['torch']}, numpy {versions['numpy']}, {result['date']}."


TABLES = {
    "difficulty": _difficulty,
    "training": _training,
    "queries": _queries,
    "evaluation": _evaluation,
    "sweep": _sweep,
    "growth": _growth,
    "fleet": _fleet,
}
