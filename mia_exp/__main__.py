"""The command line: compose, validate, run."""

import json
import logging
import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from mia_exp.config.command_line import read_command
from mia_exp.config.compose import typed_config
from mia_exp.config.config_source import PRIMARY
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import MiaError
from mia_exp.core.storage import is_disk_full, os_error_message
from mia_exp.core.terminal import replace_unencodable
from mia_exp.core.termination import STATUS, Terminated, handled_by, terminate
from mia_exp.drawing import report
from mia_exp.folders import claim, exclusive, quoted
from mia_exp.run import print_plan, run
from mia_exp.sweep import clear, is_finished, objective, report_sweep

log = logging.getLogger("mia_exp")


@hydra.main(config_path=str(CONF), config_name=PRIMARY, version_base="1.3")
def app(composed: DictConfig) -> float:
    """Runs one job of the composed configuration; returns what a sweeper may optimise."""
    # Again, for a launcher's processes start here.
    replace_unencodable()
    folder = Path(HydraConfig.get().runtime.output_dir)
    config = typed_config(composed)
    settings = OmegaConf.to_yaml(composed, resolve=True)
    with exclusive(folder):
        if is_finished(folder, settings):
            print(f"done before  {folder}")  # noqa: T201
            return objective(json.loads((folder / "metrics.json").read_text()), config.objective)
        clear(folder)
        log_to(folder / "run.log")
        (folder / "config.yaml").write_text(settings, encoding="utf-8")
        (folder / "overrides.json").write_text(json.dumps(list(HydraConfig.get().overrides.task)))
        try:
            metrics = run(config, folder, draws=HydraConfig.get().mode is not RunMode.MULTIRUN)
            return objective(metrics, config.objective)
        except Exception:
            log.debug("the run ended with an error", exc_info=True)
            raise


def main() -> None:
    """Entry point of `mia-exp` and `python -m mia_exp`.

    Exits 0; 1 for an error, 130 for Ctrl-C, 143 for SIGTERM.
    """
    replace_unencodable()
    # Makes Hydra raise errors instead of printing and exiting, so that all errors are printed below.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        with handled_by(terminate):
            _run(sys.argv[1:])
    except MiaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if is_disk_full(error, Path.cwd()):
            sys.exit(f"error: the disk is full ({error}). Free some space and run the same command again.")
        if error.errno is None:
            raise
        sys.exit(f"error: {os_error_message(error)}")
    except KeyboardInterrupt:
        print("interrupted; the same command continues from here", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except Terminated:
        print("terminated; the same command continues from here", file=sys.stderr)  # noqa: T201
        sys.exit(STATUS)


def _run(words: list[str]) -> None:
    """Runs the jobs of a command line, or prints their plans, once all of them were checked."""
    if words[:1] == ["report"]:
        report(words[1:])
        return
    command = read_command(words)
    if command.help is not None:
        print(command.help)  # noqa: T201
        return
    sys.argv[1:] = [*command.options, *command.overrides]
    if command.info_only:
        app()
        return
    if any(job.config.dry_run for job in command.jobs):
        for job in command.jobs:
            print_plan(job.config)
        return
    folder = claim(command.folder, command.named_by_time)
    sys.argv.append(f"hydra.{'sweep' if command.sweeps else 'run'}.dir={quoted(str(folder))}")
    if not command.sweeps:
        app()
        return
    with exclusive(folder):
        try:
            app()
        finally:
            # Also of a sweep that was stopped, or of which a job failed: what is done is shown.
            report_sweep(folder, command.n_jobs)


def log_to(file: Path) -> None:
    """Writes the log to a file, with this package's debug messages, and to standard error from level INFO on."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    log.setLevel(logging.DEBUG)
    written = logging.FileHandler(file, encoding="utf-8")
    written.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(logging.INFO)
    shown.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[written, shown], force=True)


if __name__ == "__main__":
    main()
