"""`mia-reproduce ITEM`: runs its experiments and writes its table or figure; `status` and `page` run nothing."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mia_exp.core.errors import MiaError
from mia_exp.core.terminal import plain_console, replace_unencodable
from mia_exp.core.termination import STATUS, Terminated, handled_by, terminate
from mia_exp.reproduce.catalogue import ITEMS, Item
from mia_exp.reproduce.cells import Cell, read_cells, save_cells

RESULTS = Path("results")
OUTPUTS = Path("outputs")
# The exit status of Ctrl-C.
INTERRUPTED = 130


def main() -> None:
    """Entry point of `mia-reproduce`: exits 1 if a cell is missing."""
    replace_unencodable()
    parser = argparse.ArgumentParser(prog="mia-reproduce", description=__doc__)
    parser.add_argument("words", nargs="+", metavar="ITEM", help="all, status, page, an item, or SETTING=VALUE")
    parser.add_argument("--scale", choices=["cpu", "paper"], default="cpu", help="how large: cpu or paper")
    # Overrides may follow --scale.
    arguments = parser.parse_intermixed_args()
    overrides = [word for word in arguments.words if "=" in word]
    names = [word for word in arguments.words if "=" not in word]
    for name in names:
        if name not in ("all", "status", "page", *ITEMS):
            parser.error(f"{name}: expected all, status, page, or one of {', '.join(ITEMS)}")
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
    """Runs one item of the command line; returns whether cells are missing."""
    if name == "status":
        from mia_exp.reproduce.status import print_status

        print_status(scale, RESULTS)
        return False
    # Imported where it is used, as in `_reproduce`: `status` answers before torch has loaded.
    from mia_exp.reproduce.results_page import write_page

    items = {"page": [], "all": list(ITEMS.values())}.get(name) or ([ITEMS[name]] if name in ITEMS else [])
    missing = [cell for item in items for cell in _reproduce(item, scale, overrides)]
    write_page(RESULTS)
    for cell in dict.fromkeys(f"{cell.experiment}: {cell.name}" for cell in missing):
        plain_console(stderr=True).print(f"missing  {cell}", soft_wrap=True)
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


def _reproduce(item: Item, scale: str, overrides: Sequence[str]) -> list[Cell]:
    """Runs an item's experiments, keeps what they found, draws it; returns the cells that are missing."""
    from mia_exp.config.command_line import read_command
    from mia_exp.reproduce.item_figures import draw

    folder = RESULTS / scale
    for experiment in item.experiments:
        if wanting := item.wanting(experiment):
            plain_console(stderr=True).print(f"{experiment}: skipped, since {wanting} is missing")
            continue
        words = [f"experiment={experiment}", f"scale={scale}", *overrides]
        # The launcher does not change a job's results.
        planned = [
            [word for word in job.overrides if not word.startswith("hydra")] for job in read_command(words).jobs
        ]
        status = _run([sys.executable, "-m", "mia_exp", *words])
        save_cells(OUTPUTS / "reproduce" / scale / experiment, experiment, planned, folder)
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        if status == STATUS:
            raise Terminated
    draw(item, scale, RESULTS, OUTPUTS)
    return [cell for cell in read_cells(folder, item.experiments) if cell.metrics is None]


if __name__ == "__main__":
    main()
