"""The headline cells over seeds: the spread over splits, initial weights and training order."""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.cells import Cell
from mia_exp.reproduce.item_tables import NAMES, SPLITS
from mia_exp.reproduce.published import PUBLISHED

# One experiment per dataset, to limit the time of an item.
SEEDS = ("seeds_facades", "seeds_maps2sat")
# Attack, column and difference that are shown.
COLUMNS = (
    ("ours", "l_rec", None),
    ("ours", "l_mem", "l_mem - l_rec"),
    ("augmented", "l_mem_aug", "l_mem_aug - l_rec"),
)
LABELS = {"l_rec": "L_rec", "l_mem": "L_mem", "l_mem_aug": "L_mem,aug"}


def render_seeds(cells: Sequence[Cell]) -> str:
    """One row per dataset, split and score: mean and standard deviation over the seeds, and each value.

    Args:
        cells: Jobs of the experiments `SEEDS`; those that have not finished are left out.
    """
    done = [cell for cell in cells if cell.experiment in SEEDS and cell.metrics is not None]
    cases = dict.fromkeys((cell.overrides["victim"], cell.overrides["dataset"]) for cell in done)
    header = ["", "split", "mean", "SD", "by seed", "gain over L_rec, mean", "SD", "paper"]
    rows = []
    for victim, dataset in cases:
        for attack, column, difference in COLUMNS:
            published = "; ".join(str(number.value) for number in PUBLISHED[column].get((victim, dataset), []))
            for split in SPLITS:
                jobs = _jobs(done, {"victim": victim, "dataset": dataset, "split": split, "attack": attack})
                if not jobs:
                    continue
                auc = {seed: 100 * result["auc"] for seed, cell in jobs.items() if (result := cell.result(column))}
                gains = [
                    100 * delta["auc"] for cell in jobs.values() if difference and (delta := cell.delta(difference))
                ]
                rows.append(
                    [
                        f"{LABELS[column]}, {NAMES[victim]} {NAMES[dataset]}",
                        split,
                        *_mean_and_spread(list(auc.values()), ".1f"),
                        ", ".join(f"{value:.1f} ({seed})" for seed, value in auc.items()),
                        *_mean_and_spread(gains, "+.1f"),
                        published or "–",
                    ]
                )
    return markdown_table(header, rows)


def _jobs(cells: Sequence[Cell], about: dict[str, Any]) -> dict[str, Cell]:
    """The matching jobs, by seed."""
    return {
        cell.overrides["seed"]: cell
        for cell in cells
        if all(cell.overrides[key] == wanted for key, wanted in about.items())
    }


def _mean_and_spread(values: Sequence[float], form: str) -> tuple[str, str]:
    if not values:
        return "–", "–"
    return format(mean(values), form), format(stdev(values), ".1f") if len(values) > 1 else "–"
