"""The command line: compose, validate, run."""

import json
import logging
import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from mia_exp.artifacts import is_disk_full
from mia_exp.compose import typed_config, validate
from mia_exp.errors import MiaError
from mia_exp.run import print_plan, run
from mia_exp.sweep import is_finished, report_sweep

log = logging.getLogger("mia_exp")


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def app(composed: DictConfig) -> None:
    """Runs one job of the composed configuration."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    try:
        config = typed_config(composed)
        if config.dry_run:
            print_plan(config)
            return
        settings = OmegaConf.to_yaml(composed, resolve=True)
        if is_finished(folder, settings):
            print(f"done before  {folder}")  # noqa: T201
            return
        log_to(folder / "run.log")
        (folder / "config.yaml").write_text(settings)
        # In a folder that was used before, an old result would pass for this run's if it failed.
        (folder / "metrics.json").unlink(missing_ok=True)
        (folder / "overrides.json").write_text(json.dumps(list(HydraConfig.get().overrides.task)))
        run(config, folder)
    except MiaError:
        log.debug("the run ended with an error", exc_info=True)
        raise
    finally:
        # Hydra makes the folder before it asks us; a plan or a refusal leaves nothing to keep in it.
        if not any(folder.iterdir()):
            folder.rmdir()


def main() -> None:
    """Entry point of `mia-exp` and `python -m mia_exp`: exits 0, 1 for an error, 130 for Ctrl-C."""
    # Makes Hydra raise instead of printing and exiting, so that each error is said in one place and one way.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        validate(sys.argv[1:])
        try:
            app()
        finally:
            # Also of a sweep that was stopped, or of which a job failed: what is done is shown.
            report_sweep()
    except MiaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if not is_disk_full(error, Path.cwd()):
            raise
        sys.exit(f"error: the disk is full ({error}). Free some space and run the same command again.")
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)  # noqa: T201
        sys.exit(130)


def log_to(file: Path) -> None:
    """Sends the log to a file and, from level INFO on, to standard error."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    written = logging.FileHandler(file)
    written.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[written, shown], force=True)


if __name__ == "__main__":
    main()
