"""`mia-reproduce ITEM`: runs its experiments and writes its table or figure.

Three others run nothing: `status` says what is done, `page` writes docs/results.md again, and `stale` lists results
that the code would not make any more.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mia_exp.core.errors import MiaError
from mia_exp.core.terminal import plain_console, replace_unencodable
from mia_exp.core.termination import STATUS, Terminated, handled_by, terminate
from mia_exp.reproduce.catalogue import ITEMS, SCALES, Item, items_at
from mia_exp.reproduce.runs import Run, save_runs

RESULTS = Path("results")
OUTPUTS = Path("outputs")
# The exit status of Ctrl-C.
INTERRUPTED = 130


def main() -> None:
    """Entry point of `mia-reproduce`: exits 1 if a cell is missing."""
    replace_unencodable()
    parser = argparse.ArgumentParser(prog="mia-reproduce", description=__doc__)
    words = "all, status, page, stale, an item, or SETTING=VALUE"
    parser.add_argument("words", nargs="+", metavar="ITEM", help=words)
    parser.add_argument("--scale", choices=SCALES, default="cpu", help=f"how large: {', '.join(SCALES)}")
    # Overrides may follow --scale.
    arguments = parser.parse_intermixed_args()
    overrides = [word for word in arguments.words if "=" in word]
    names = [word for word in arguments.words if "=" not in word]
    for name in names:
        if name not in ("all", "status", "page", "stale", *ITEMS):
            parser.error(f"{name}: expected all, status, page, stale, or one of {', '.join(ITEMS)}")
        if name in ITEMS and ITEMS[name] not in items_at(arguments.scale):
            here = ", ".join(item.name for item in items_at(arguments.scale))
            parser.error(f"{name}: not made at --scale {arguments.scale}, which has {here}")
    try:
        # All items are run, even if cells of one are missing.
        with handled_by(terminate):
            missing = [_do(name, arguments.scale, overrides) for name in names]
        sys.exit(1 if any(missing) else 0)
    except MiaError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted; the same command continues from here", file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
    except Terminated:
        print("terminated; the same command continues from here", file=sys.stderr)  # noqa: T201
        sys.exit(STATUS)


def _do(name: str, scale: str, overrides: Sequence[str]) -> bool:
    """Runs one item of the command line; returns whether runs are missing, or results are stale."""
    if name == "status":
        from mia_exp.reproduce.status import print_status

        print_status(scale, RESULTS)
        return False
    # Imported where they are used: `status` answers before torch has loaded.
    if name == "stale":
        from mia_exp.reproduce.stale import print_stale

        return print_stale(RESULTS / scale)
    from mia_exp.reproduce.results_page import write_page

    items = {"page": [], "all": items_at(scale)}.get(name) or ([ITEMS[name]] if name in ITEMS else [])
    # Several items are drawn from one experiment.
    experiments = dict.fromkeys(experiment for item in items for experiment in item.experiments)
    missing = [run for experiment in experiments for run in _experiment(experiment, items, scale, overrides)]
    for item in items:
        _draw(item, scale)
    write_page(RESULTS)
    for run in dict.fromkeys(f"{run.experiment}: {run.name}" for run in missing):
        plain_console(stderr=True).print(f"missing  {run}", soft_wrap=True)
    return bool(missing)


def _run(command: Sequence[str]) -> int:
    """Runs a command and waits for its end, also after Ctrl-C or SIGTERM; returns its exit status."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches the sweep too, which ends cleanly.
            process.wait()
            return INTERRUPTED
        except Terminated:
            process.terminate()
            process.wait()
            return STATUS


def _experiment(experiment: str, items: Sequence[Item], scale: str, overrides: Sequence[str]) -> list[Run]:
    """Runs an experiment of some items and keeps what it found; returns the runs that are missing."""
    from mia_exp.config.command_line import read_command

    if wanting := next((wants for item in items if (wants := item.wanting(experiment))), None):
        plain_console(stderr=True).print(f"{experiment}: skipped, since {wanting} is missing")
        return []
    words = [f"experiment={experiment}", f"scale={scale}", *overrides]
    # The launcher does not change a job's results.
    planned = [[word for word in job.overrides if not word.startswith("hydra")] for job in read_command(words).jobs]
    status = _run([sys.executable, "-m", "mia_exp", *words])
    sweep = OUTPUTS / "reproduce" / scale / experiment
    runs = save_runs(sweep, experiment, planned, RESULTS / scale, OUTPUTS / "artifacts")
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    if status == STATUS:
        raise Terminated
    return [run for run in runs if run.metrics is None]


def _draw(item: Item, scale: str) -> None:
    from mia_exp.reproduce.item_figures import draw

    draw(item, scale, RESULTS, OUTPUTS)


if __name__ == "__main__":
    main()
