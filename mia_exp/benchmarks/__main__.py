"""`mia-bench NAME`: runs a benchmark and saves its results in results/bench/; `tables` writes them to the docs."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mia_exp.benchmarks import (
    difficulty_speed,
    evaluation,
    fleet,
    growth,
    misalignment,
    queries,
    sweep_speed,
    training_speed,
)
from mia_exp.benchmarks.performance_tables import write_tables

BENCHMARKS: dict[str, Callable[[Path], object]] = {
    "difficulty": difficulty_speed.run,
    "misalignment": misalignment.run,
    "evaluation": evaluation.run,
    "training": training_speed.run,
    "queries": queries.run,
    "sweep": sweep_speed.run,
    "growth": growth.run,
    "fleet": fleet.run,
    "tables": write_tables,
}


def main() -> None:
    """Entry point of `mia-bench`."""
    parser = argparse.ArgumentParser(prog="mia-bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--folder", type=Path, default=Path("results/bench"), help="folder of the JSON files")
    arguments = parser.parse_args()
    BENCHMARKS[arguments.name](arguments.folder)


if __name__ == "__main__":
    main()
