"""Parses a command line into jobs; all are composed and checked before any is run."""

import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, product
from math import inf, prod
from pathlib import Path
from typing import Any, NoReturn

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, OverrideType, QuotedString
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from mia_exp.config import Config
from mia_exp.config.compose import typed_config
from mia_exp.config.config_source import PRIMARY, search_also
from mia_exp.config.help import help_text
from mia_exp.config.mistakes import explain, first_line, group_of, shortened
from mia_exp.core.check import require
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import ConfigError, MiaError
from mia_exp.core.storage import os_error_message

# A launcher's config intentionally replaces its plugin's config of the same name. The filter is set at import, so
# that it applies in every process that composes, including those of launchers.
warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/\w+' is validated against ConfigStore schema")

# A larger sweep is assumed to be a typing error.
MAX_JOBS = 10_000
# What Hydra instantiates, all in all.
TARGETS_OF_HYDRA = ("hydra.launcher._target_", "hydra.sweeper._target_", "hydra.sweeper.sampler._target_")
# Part of the default folder name.
BY_TIME = "${now:"


@dataclass(frozen=True)
class Job:
    """One job of a command line.

    Attributes:
        overrides: Its overrides.
        config: Its settings.
    """

    overrides: list[str]
    config: Config


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
    jobs: list[Job]
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
        parsed = [_override(word) for word in overrides]
        first = _compose_first(parsed, options.multirun)
        sweeps = options.multirun or first.hydra.mode is RunMode.MULTIRUN
        for name in ("launcher", "sweeper"):
            require(isinstance(first.hydra[name], DictConfig), f"hydra.{name}: expected hydra/{name}=CHOICE")
        _check_plugin("launcher", str(first.hydra.launcher._target_))
        _check_plugin("sweeper", str(first.hydra.sweeper._target_))
        _check_hydra(first.hydra)
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
        n_trials = first.hydra.sweeper.n_trials if sweeps and _chooses_values(first.hydra) else None
        jobs = list(_jobs(parsed, first, sweeps))
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
        raise ConfigError(explain(error, [], _composed)) from error
    except (HydraException, OmegaConfBaseException) as error:
        choices = [values[0] for word in overrides if group_of(word) and (values := _values(_override(word)))]
        try:
            sentence = explain(error, choices, _composed)
        except (HydraException, OmegaConfBaseException):
            sentence = first_line(error)
        raise ConfigError(sentence) from error
    except OSError as error:
        if error.errno is not None:
            raise ConfigError(os_error_message(error)) from error
        chosen = ", ".join(word for word in overrides if group_of(word))
        raise ConfigError(f"{chosen}: a file that it names has no settings ({first_line(error)})") from error


def _composed(words: Sequence[str]) -> DictConfig:
    """The configuration of one job, with Hydra's own settings.

    Raises:
        ConfigError: Hydra raises an error that is not one of its own.
    """
    try:
        return compose(PRIMARY, list(words), return_hydra_config=True)
    except (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError) as error:
        if isinstance(error, HydraException | OmegaConfBaseException | UnicodeError):
            raise
        said = shortened(" ".join(words))
        raise ConfigError(f"{said}: Hydra cannot parse these settings ({first_line(error)})") from error


def _override(word: str) -> Override:
    """Parses a word with Hydra's grammar.

    Raises:
        ConfigError: It is not an override.
    """
    loader = GlobalHydra.instance().config_loader()
    unreadable = (
        f"{shortened(word)}: expected SETTING=VALUE in Hydra's grammar. Quote a value that has spaces, quotes, "
        f"brackets or non-ASCII letters: 'SETTING=\"VALUE\"'"
    )
    try:
        [override] = OverridesParser.create(config_loader=loader).parse_overrides([word])
    except (HydraException, RecursionError) as error:
        raise ConfigError(unreadable) from error
    group = override.key_or_group
    require(bool(group), unreadable)
    # A setting within a group is not a group; the call would be slow.
    choices = [] if "." in group else loader.get_group_options(group)
    chooses = choices and not (override.is_delete() or override.is_sweep_override())
    if chooses and not isinstance(override.value(), str | QuotedString):
        raise ConfigError(f"{word}: expected one of the choices of the group {group}: {', '.join(choices)}")
    return override


def _values(override: Override) -> list[str]:
    """The word, once for each of its values; of an interval, those at its ends.

    Raises:
        ConfigError: It has no value.
    """
    if not override.is_sweep_override():
        return [override.input_line or ""]
    if override.is_interval_sweep():
        interval = override.value()
        assert isinstance(interval, IntervalSweep) and interval.start is not None and interval.end is not None
        above = 0 if "log" in interval.tags else -inf
        require(
            above < interval.start <= interval.end < inf,
            f"{override.input_line}: expected interval(LOW,HIGH), both finite"
            f"{', and above 0 for a logarithmic one' if 'log' in interval.tags else ''}",
        )
        return [f"{override.get_key_element()}={end}" for end in (interval.start, interval.end)]
    try:
        found = list(islice(override.sweep_string_iterator(), MAX_JOBS + 1))
    except (ValueError, ArithmeticError, HydraException) as error:
        raise ConfigError(f"{override.input_line}: not a list of values ({first_line(error)})") from error
    if not found:
        raise ConfigError(f"{override.input_line}: no value matches")
    return [f"{override.get_key_element()}={value}" for value in found]


def _compose_first(parsed: Sequence[Override], multirun: bool) -> DictConfig:
    """Composes the first job, with Hydra's own settings.

    Raises:
        ConfigError: A setting has several values, but the command is not a sweep.
    """
    first = _composed([_values(override)[0] for override in parsed])
    several = next((override for override in parsed if override.is_sweep_override()), None)
    if several is not None and not multirun and first.hydra.mode is not RunMode.MULTIRUN:
        key = several.key_or_group
        raise ConfigError(
            f"{several.input_line}: several values for a single run. Add -m to run one job for each, or write a "
            f"list as {key}=[A,B], or text as '{key}=\"A,B\"'"
        )
    return first


def _jobs(parsed: Sequence[Override], first: DictConfig, sweeps: bool) -> Iterator[Job]:
    """Each job, composed and checked.

    Raises:
        ConfigError: One does not fit, there are too many, or nothing chooses among an interval's values.
    """
    # What the command line says wins over what the experiment sweeps, as in Hydra.
    given = {override.key_or_group for override in parsed}
    lists_values = not _chooses_values(first.hydra)
    compositions = _Compositions(first)
    for words in _combinations(parsed):
        composition = compositions.of(parsed, words)
        swept = composition.swept if sweeps else {}
        params = [_override(f"{key}={value}") for key, value in swept.items() if key not in given]
        for override in (*parsed, *params) if lists_values else ():
            require(
                not override.is_interval_sweep(),
                f"{override.input_line}: an interval has endless values; list some, or let hydra/sweeper=optuna "
                "choose them",
            )
        for cell in _combinations(params):
            job = compositions.of([*params, *parsed], (*cell, *words))
            yield Job([*cell, *words], typed_config(job.config))


@dataclass(frozen=True)
class _Composition:
    """A composed job: its settings without Hydra's, and what its experiment sweeps, by setting."""

    config: DictConfig
    swept: Mapping[str, Any]


class _Compositions:
    """Composes jobs; those that differ in single values alone share one composition, which takes Hydra 0.1 s.

    Args:
        first: The composition of the words that `of` is given first.
    """

    def __init__(self, first: DictConfig) -> None:
        self._first = first
        self._kept: dict[tuple[str, ...], _Composition] = {}

    def of(self, overrides: Sequence[Override], words: Sequence[str]) -> _Composition:
        """The composition of `words`, which are one value each of `overrides`; valid until the next call."""
        shared: list[str] = []
        single: list[Override] = []
        for override, word in zip(overrides, words, strict=True):
            value = _override(word) if _is_set_once(override, overrides) else None
            if value is None or isinstance(value.value(), list | dict):
                shared.append(word)
            else:
                single.append(value)
        # The settings that differ are part of what is shared, since a composition has those of its own words.
        key = (*shared, *(value.key_or_group for value in single))
        if key not in self._kept:
            composed = _composed(words) if self._kept else self._first
            swept = composed.hydra.sweeper.params or {}
            with open_dict(composed):
                del composed.hydra
            self._kept[key] = _Composition(composed, swept)
        for value in single:
            OmegaConf.update(self._kept[key].config, value.key_or_group, value.value())
        return self._kept[key]


def _is_set_once(override: Override, overrides: Sequence[Override]) -> bool:
    """Whether a swept setting inside a group is set by one override alone."""
    key = f"{override.key_or_group}."
    others = [f"{other.key_or_group}." for other in overrides if other is not override]
    return (
        override.is_sweep_override()
        and override.type is OverrideType.CHANGE
        and override.package is None
        and "." in override.key_or_group
        and not key.startswith("hydra.")
        and not any(key.startswith(other) or other.startswith(key) for other in others if "." in other[:-1])
    )


def _combinations(overrides: Sequence[Override]) -> Iterator[tuple[str, ...]]:
    """All combinations of values, one of each override.

    Raises:
        ConfigError: There are too many.
    """
    values = [_values(override) for override in overrides]
    if prod(map(len, values)) > MAX_JOBS:
        raise ConfigError(f"this sweep has more than {MAX_JOBS} jobs; give it fewer values")
    return product(*values)


def _check_hydra(settings: DictConfig) -> None:
    """Rejects Hydra settings with which a configuration from somebody else could run code.

    Raises:
        ConfigError: It sets callbacks, or logging handlers.
    """
    require(not settings.callbacks, "hydra.callbacks: not allowed, since the classes that it names would be run")
    for name in ("job_logging", "hydra_logging"):
        named = set(settings[name] or {}) & {"handlers", "formatters", "filters", "loggers"}
        require(not named, f"hydra.{name}: not allowed, since the classes that it names would be run")
    for part in ("launcher", "sweeper"):
        # The plugin itself is checked by its name, and a sampler below.
        for path in _targets(settings[part], f"hydra.{part}"):
            require(path in TARGETS_OF_HYDRA, f"{path}: not allowed, since the class that it names would be run")
    if _chooses_values(settings):
        _check_optuna(settings.sweeper)


def _check_optuna(sweeper: DictConfig) -> None:
    """Rejects settings with which Optuna could run code, or would never end or end with a traceback.

    Raises:
        ConfigError: It has one.
    """
    require(
        not sweeper.get("custom_search_space"),
        "hydra.sweeper.custom_search_space: not allowed, since the function that it names would be run",
    )
    sampler = str(OmegaConf.select(sweeper, "sampler._target_"))
    name = sampler.removeprefix("optuna.samplers.")
    require(
        sampler != name and name.isidentifier() and name.endswith("Sampler"),
        f"hydra.sweeper.sampler._target_={sampler}: expected a sampler of optuna.samplers",
    )
    for name in ("n_trials", "n_jobs"):
        count = sweeper[name]
        require(
            type(count) is int and 1 <= count <= MAX_JOBS,
            f"hydra.sweeper.{name}={count}: expected a whole number from 1 to {MAX_JOBS}",
        )
    require(
        sweeper.direction in ("maximize", "minimize"),
        f"hydra.sweeper.direction={sweeper.direction}: expected maximize or minimize",
    )
    share = sweeper.max_failure_rate
    require(
        isinstance(share, int | float) and 0 <= share <= 1,
        f"hydra.sweeper.max_failure_rate={share}: expected a number between 0 and 1",
    )


def _targets(node: Any, path: str) -> Iterator[str]:
    """The paths of all `_target_` in a node, at any depth."""
    if OmegaConf.is_config(node):
        node = OmegaConf.to_container(node, resolve=True)
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "_target_":
                yield f"{path}.{key}"
            yield from _targets(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from _targets(value, path)


def _chooses_values(settings: DictConfig) -> bool:
    """Whether a sweep's values are chosen while it runs, by the results so far."""
    return "n_trials" in settings.sweeper


def _check_plugin(part: str, target: str) -> None:
    """Refuses a launcher or a sweeper whose plugin is not installed.

    Raises:
        ConfigError: It is not.
    """
    package, _, rest = target.partition(".")
    if target.startswith("hydra._internal.core_plugins."):
        return
    require(package == "hydra_plugins", f"hydra.{part}._target_={target}: expected a {part} of Hydra's plugins")
    name = rest.partition(".")[0]
    if importlib.util.find_spec(package) is None or importlib.util.find_spec(f"{package}.{name}") is None:
        extra = name.removeprefix("hydra_").removesuffix(f"_{part}")
        raise ConfigError(
            f"hydra/{part}: this {part} needs {name.replace('_', '-')}, which is not installed: "
            f"pip install 'mia-exp[{extra}]'"
        )
