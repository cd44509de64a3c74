"""From overrides to jobs: one for each combination of values, composed and checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import inf, prod
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, OverrideType, QuotedString
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from mia_exp.config import Config
from mia_exp.config.compose import typed_config
from mia_exp.config.config_source import PRIMARY
from mia_exp.config.hydra_settings import MAX_JOBS, chooses_values
from mia_exp.config.mistakes import first_line, listed, shortened
from mia_exp.core.check import require
from mia_exp.core.errors import ConfigError


@dataclass(frozen=True)
class PlannedJob:
    """One job of a command line.

    Attributes:
        overrides: Its overrides.
        config: Its settings.
    """

    overrides: list[str]
    config: Config


def compose_words(words: Sequence[str]) -> DictConfig:
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


def parse_override(word: str) -> Override:
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
        raise ConfigError(f"{word}: expected one of the choices of the group {group}: {listed(choices)}")
    return override


def values_of(override: Override) -> list[str]:
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


def compose_first(parsed: Sequence[Override], multirun: bool) -> DictConfig:
    """Composes the first job, with Hydra's own settings.

    Raises:
        ConfigError: A setting has several values, but the command is not a sweep.
    """
    first = compose_words([values_of(override)[0] for override in parsed])
    several = next((override for override in parsed if override.is_sweep_override()), None)
    if several is not None and not multirun and first.hydra.mode is not RunMode.MULTIRUN:
        key = several.key_or_group
        raise ConfigError(
            f"{several.input_line}: several values for a single run. Add -m to run one job for each, or write a "
            f"list as {key}=[A,B], or text as '{key}=\"A,B\"'"
        )
    return first


def compose_jobs(parsed: Sequence[Override], first: DictConfig, sweeps: bool) -> Iterator[PlannedJob]:
    """Each job, composed and checked.

    Raises:
        ConfigError: One does not fit, there are too many, or nothing chooses among an interval's values.
    """
    # What the command line says wins over what the experiment sweeps, as in Hydra.
    given = {override.key_or_group for override in parsed}
    lists_values = not chooses_values(first.hydra)
    compositions = _Compositions(first)
    for words in _combinations(parsed):
        composition = compositions.of(parsed, words)
        swept = composition.swept if sweeps else {}
        params = [parse_override(f"{key}={value}") for key, value in swept.items() if key not in given]
        for override in (*parsed, *params) if lists_values else ():
            require(
                not override.is_interval_sweep(),
                f"{override.input_line}: an interval has endless values; list some, or let hydra/sweeper=optuna "
                "choose them",
            )
        for cell in _combinations(params):
            job = compositions.of([*params, *parsed], (*cell, *words))
            yield PlannedJob([*cell, *words], typed_config(job.config))


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
            value = parse_override(word) if _is_set_once(override, overrides) else None
            if value is None or isinstance(value.value(), list | dict):
                shared.append(word)
            else:
                single.append(value)
        # The settings that differ are part of what is shared, since a composition has those of its own words.
        key = (*shared, *(value.key_or_group for value in single))
        if key not in self._kept:
            composed = compose_words(words) if self._kept else self._first
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
    values = [values_of(override) for override in overrides]
    if prod(map(len, values)) > MAX_JOBS:
        raise ConfigError(f"this sweep has more than {MAX_JOBS} jobs; give it fewer values")
    return product(*values)
