"""Where the jobs of a sweep lie, and the table of all of them when it ends."""

import json
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from mia_exp.artifacts import git_commit


class RememberSweep(Callback):
    """Notes the folder of the sweep that this process started; Hydra calls it."""

    folder: Path | None = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Called before the first job."""
        RememberSweep.folder = Path(config.hydra.sweep.dir)


def is_finished(folder: Path, settings: str) -> bool:
    """Whether a sweep that is run again in its old folder may leave a job out.

    Args:
        folder: The job's.
        settings: Its configuration, resolved, as YAML.

    Returns:
        Whether the job left its results there, with the same settings, made by the same unchanged commit.
    """
    if HydraConfig.get().mode is not RunMode.MULTIRUN or not (folder / "report.html").is_file():
        return False
    if (folder / "config.yaml").read_text() != settings:
        return False
    commit = json.loads((folder / "metrics.json").read_text())["provenance"]["git"]
    return commit is not None and commit == git_commit() and not commit.endswith("-dirty")


def report_sweep() -> None:
    """Writes and prints the table of the sweep's jobs, if this process started one that left any."""
    folder, RememberSweep.folder = RememberSweep.folder, None
    if folder is None or not any(folder.glob("*/overrides.json")):
        return
    # Imported here: the report's libraries take seconds to load.
    from mia_exp.report import write_sweep_report

    write_sweep_report(folder)
