"""`mia-exp report FOLDER`: the pages of runs that left their numbers alone, drawn from what was kept."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mia_exp.config.compose import typed_config
from mia_exp.core.errors import MiaError
from mia_exp.core.terminal import plain_console
from mia_exp.run import draw


def report(words: Sequence[str]) -> None:
    """Draws the page of each run, and of a sweep those of all its finished jobs and its own.

    Args:
        words: Folders of runs or sweeps.

    Raises:
        MiaError: One of them is neither, or what the run made is no longer kept.
    """
    if not words or words[0].startswith("-"):
        raise MiaError("mia-exp report FOLDER...: expected the folders of runs or sweeps")
    for folder in map(Path, words):
        jobs = sorted(path.parent for path in folder.glob("*/metrics.json"))
        if (folder / "metrics.json").is_file():
            _draw_run(folder)
        elif jobs:
            for job in jobs:
                _draw_run(job)
            _draw_sweep(folder)
        else:
            raise MiaError(f"{folder}: expected the folder of a run or a sweep, with a metrics.json; found none")


def _draw_run(folder: Path) -> None:
    # Imported here: the learning libraries take seconds to load.
    from mia_exp.pipeline import Pipeline
    from mia_exp.report.run_folder import read_numbers

    try:
        composed = OmegaConf.load(folder / "config.yaml")
        if not isinstance(composed, DictConfig):
            raise ValueError("config.yaml holds no settings")
        config = typed_config(composed)
        read_numbers(folder)
    except (OSError, ValueError, KeyError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise MiaError(f"{folder}: not as a run left it ({error}). Run it again.") from error
    pipeline = Pipeline(config)
    shown = {"pairs": pipeline.pairs} | ({} if pipeline.outputs is None else {"queries": pipeline.outputs.stage})
    gone = [name for name, stage in shown.items() if not pipeline.store.has(stage)]
    if gone:
        raise MiaError(
            f"{folder}: the {' and '.join(gone)} of this run are not in {pipeline.store.root}. Start mia-exp where "
            "the run was started, or run it again."
        )
    draw(pipeline, folder)
    plain_console().print(f"report  {folder / 'report.html'}", soft_wrap=True)


def _draw_sweep(folder: Path) -> None:
    from mia_exp.report.sweep_folder import write_sweep_report

    write_sweep_report(folder)
