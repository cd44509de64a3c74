"""Parses a command line into jobs; all are composed and checked before any is run."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml
from hydra import initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from mia_exp.config.config_source import search_also
from mia_exp.config.help import help_text
from mia_exp.config.hydra_settings import check_hydra, chooses_values
from mia_exp.config.jobs import PlannedJob, compose_first, compose_jobs, compose_words, parse_override, values_of
from mia_exp.config.mistakes import explain, first_line, group_of
from mia_exp.core.check import require
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import ConfigError, MiaError
from mia_exp.core.storage import os_error_message

# A launcher's config intentionally replaces its plugin's config of the same name. The filter is set at import, so
# that it applies in every process that composes, including those of launchers.
warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/\w+' is validated against ConfigStore schema")

# Part of the default folder name.
BY_TIME = "${now:"


@dataclass(frozen=True)
class Command:
    """A checked command line.

    Attributes:
        options: The words that are Hydra's options, such as `-m`, with their values.
        overrides: The others.
        jobs: What it asks for; where values are chosen while a sweep runs, those at the ends of each interval.
        n_jobs: How many jobs there will be.
        sweeps: Whether its jobs are those of a sweep.
        folder: Where the run, or the sweep, is to leave its results.
        named_by_time: Whether nobody chose that folder.
        info_only: Whether it asks for one of Hydra's own answers, such as `--cfg`, and for no job to be run.
        help: What it asks to be printed instead of all that; else None.
    """

    options: list[str]
    overrides: list[str]
    jobs: list[PlannedJob]
    n_jobs: int
    sweeps: bool
    folder: Path
    named_by_time: bool
    info_only: bool
    help: str | None = None


def read_command(words: Sequence[str]) -> Command:
    """Composes and checks all jobs of a command line.

    Args:
        words: The command line without the program's name; options may be anywhere.

    Raises:
        ConfigError: The first mistake.
    """
    options, overrides = _parse(words)
    info_only = any((options.hydra_help, options.cfg, options.info, options.shell_completion))
    with _composer(options.config_dir), _refusals(overrides):
        parsed = [parse_override(word) for word in overrides]
        first = compose_first(parsed, options.multirun)
        sweeps = options.multirun or first.hydra.mode is RunMode.MULTIRUN
        check_hydra(first.hydra)
        part = first.hydra.sweep if sweeps else first.hydra.run
        require(
            bool(str(part.dir).strip()),
            f"hydra.{'sweep' if sweeps else 'run'}.dir: expected a folder, found an empty value",
        )
        if options.help:
            choices = first.hydra.runtime.choices
            with open_dict(first):
                del first.hydra
            return Command([], overrides, [], 0, False, Path(), False, True, help_text(first, choices))
        named_by_time = BY_TIME in str(OmegaConf.to_container(part, resolve=False)["dir"])  # type: ignore[index,call-overload]
        folder = Path(str(part.dir))
        n_trials = first.hydra.sweeper.n_trials if sweeps and chooses_values(first.hydra) else None
        jobs = list(compose_jobs(parsed, first, sweeps))
    return Command(
        _options_alone(words, overrides),
        overrides,
        jobs,
        n_trials or len(jobs),
        sweeps,
        folder,
        named_by_time,
        info_only,
    )


def _parse(words: Sequence[str]) -> tuple[Any, list[str]]:
    """Hydra's options, and the overrides."""

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}; see mia-exp --help")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    options = parser.parse_intermixed_args(list(words))
    for name in ("config_name", "config_path"):
        if getattr(options, name) is not None:
            raise ConfigError(
                f"--{name.replace('_', '-')}: the primary configuration cannot be replaced. Add your own files "
                "with --config-dir FOLDER, and choose among them with experiment=NAME or another group."
            )
    if options.experimental_rerun is not None:
        raise ConfigError("--experimental-rerun: run the command again instead; finished results are kept")
    return options, list(options.overrides)


def _options_alone(words: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """The words that are not overrides, in their order."""
    waiting, options = list(overrides), []
    for word in words:
        if waiting and word == waiting[0]:
            waiting.pop(0)
        else:
            options.append(word)
    return options


@contextmanager
def _composer(config_dir: str | None) -> Iterator[None]:
    """Initialises Hydra for composing, with an additional folder of configurations."""
    folder = None
    if config_dir is not None:
        folder = Path(config_dir).absolute()
        if not config_dir or not folder.is_dir():
            found = "a file" if folder.is_file() else "none"
            raise ConfigError(f"--config-dir {config_dir}: expected a folder of configurations, found {found}")
    search_also(folder)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


@contextmanager
def _refusals(overrides: Sequence[str]) -> Iterator[None]:
    """Turns errors of Hydra, OmegaConf and YAML into ConfigErrors."""
    try:
        yield
    except MiaError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{mark.name}, line {mark.line + 1}: " if mark else ""
        raise ConfigError(f"{place}not YAML: {getattr(error, 'problem', None) or first_line(error)}") from error
    except UnicodeError as error:
        raise ConfigError(f"a configuration file is not UTF-8 text: {error}") from error
    except InterpolationResolutionError as error:
        if "possible interpolation keys" not in str(error):
            raise ConfigError(f"{error.full_key or 'a setting'}: {first_line(error)}") from error
        raise ConfigError(explain(error, [], compose_words)) from error
    except (HydraException, OmegaConfBaseException) as error:
        choices = [
            values[0] for word in overrides if group_of(word) and (values := values_of(parse_override(word)))
        ]
        try:
            sentence = explain(error, choices, compose_words)
        except (HydraException, OmegaConfBaseException):
            sentence = first_line(error)
        raise ConfigError(sentence) from error
    except OSError as error:
        if error.errno is not None:
            raise ConfigError(os_error_message(error)) from error
        chosen = ", ".join(word for word in overrides if group_of(word))
        raise ConfigError(f"{chosen}: a file that it names has no settings ({first_line(error)})") from error
