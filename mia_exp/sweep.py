"""Where the jobs of a sweep lie, and the table of all of them when it ends."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class RememberSweep(Callback):
    """Notes the folder of the sweep that this process started; Hydra calls it."""

    folder: Path | None = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Called before the first job."""
        RememberSweep.folder = Path(config.hydra.sweep.dir)


def report_sweep() -> None:
    """Writes and prints the table of the sweep's jobs, if this process started one that left any."""
    folder, RememberSweep.folder = RememberSweep.folder, None
    if folder is None or not any(folder.glob("*/overrides.json")):
        return
    # Imported here: the report's libraries take seconds to load.
    from mia_exp.report import write_sweep_report

    write_sweep_report(folder)
