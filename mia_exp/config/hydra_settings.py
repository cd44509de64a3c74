"""Checks Hydra's own settings, with which a configuration from somebody else could run code."""

import importlib.util
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mia_exp.core.check import require
from mia_exp.core.errors import ConfigError

# A larger sweep is assumed to be a typing error.
MAX_JOBS = 10_000
# What Hydra instantiates, all in all.
TARGETS_OF_HYDRA = ("hydra.launcher._target_", "hydra.sweeper._target_", "hydra.sweeper.sampler._target_")


def check_hydra(settings: DictConfig) -> None:
    """Rejects Hydra settings with which a configuration from somebody else could run code.

    Raises:
        ConfigError: It sets callbacks or logging handlers, or a launcher or sweeper that is not installed.
    """
    for name in ("launcher", "sweeper"):
        require(isinstance(settings[name], DictConfig), f"hydra.{name}: expected hydra/{name}=CHOICE")
        _check_plugin(name, str(settings[name]._target_))
    require(not settings.callbacks, "hydra.callbacks: not allowed, since the classes that it names would be run")
    for name in ("job_logging", "hydra_logging"):
        named = set(settings[name] or {}) & {"handlers", "formatters", "filters", "loggers"}
        require(not named, f"hydra.{name}: not allowed, since the classes that it names would be run")
    for part in ("launcher", "sweeper"):
        # The plugin itself is checked by its name, and a sampler below.
        for path in _targets(settings[part], f"hydra.{part}"):
            require(path in TARGETS_OF_HYDRA, f"{path}: not allowed, since the class that it names would be run")
    if chooses_values(settings):
        _check_optuna(settings.sweeper)


def chooses_values(settings: DictConfig) -> bool:
    """Whether a sweep's values are chosen while it runs, by the results so far."""
    return "n_trials" in settings.sweeper


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
