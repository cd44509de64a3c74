"""Converts a configuration composed by Hydra to typed settings.

Hydra's own check accepts `+key=value`, so each resolved group is merged into a new schema: that of the class named
by its `_target_`.
"""

import copy
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from mia_exp.config.components import TARGET, find_class, groups, scalars, settings_groups
from mia_exp.config.config_source import PRIMARY
from mia_exp.config.mistakes import first_line, shortened, unknown_key
from mia_exp.config.run_settings import Config
from mia_exp.core.component import groups_inside, target_of
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import ConfigError

# What torch's generators take.
MAX_SEED = 2**64 - 1
# What an array's length, and so any count, can be.
MAX_COUNT = 2**63 - 1
MAX_PARTS = 1000

_parts: dict[tuple[str, str], Any] = {}


def compose_run(words: Sequence[str] = ()) -> Config:
    """The settings of one run, from overrides.

    Raises:
        ConfigError: They are invalid. Hydra raises its own errors for words that it cannot parse.
    """
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed_config(compose(PRIMARY, list(words)))


def typed_config(composed: DictConfig) -> Config:
    """Converts a composed configuration to typed settings.

    Raises:
        ConfigError: A key is unknown, a value is missing, of the wrong type or out of range, or a class is not
            allowed.
    """
    try:
        container = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key or ""
        raise ConfigError(f"{key}: a value is needed; set {key}=VALUE") from error
    except OmegaConfBaseException as error:
        raise ConfigError(
            f"{error.full_key}: {first_line(error)}" if error.full_key else first_line(error)
        ) from error
    assert isinstance(container, dict)
    nodes = {str(name): value for name, value in container.items()}
    known = [*scalars(), *groups(), *settings_groups()]
    for name in nodes:
        if name not in known:
            raise ConfigError(unknown_key(name, name, known))
    missing = [name for name in (*groups(), *settings_groups()) if name not in nodes]
    if missing:
        raise ConfigError(f"{missing[0]}: a choice is needed; set {missing[0]}=CHOICE")
    typed = {}
    # In the order of the fields, so that the first reported mistake does not depend on the files.
    for name in (field.name for field in dataclasses.fields(Config) if field.name in nodes):
        typed[name] = nodes[name] if name in scalars() else _part(name, nodes[name])
    for name, expected in scalars().items():
        if name in nodes and type(nodes[name]) is not expected:
            raise ConfigError(f"{name}={nodes[name]!r}: expected a value of type {expected.__name__}")
    config = Config(**typed)
    _check_values(config)
    return config


def _part(name: str, node: Any) -> Any:
    """The group `name` of a run's settings; kept, since the jobs of a sweep share most of theirs."""
    said = name, repr(node)
    if said not in _parts:
        if len(_parts) > MAX_PARTS:
            _parts.clear()
        cls = settings_groups().get(name)
        _parts[said] = _component(name, name, node) if cls is None else _typed(name, cls, node)
    return copy.deepcopy(_parts[said])


def _component(group: str, path: str, node: Any) -> Any:
    """The component that the node at `path` describes."""
    if not isinstance(node, dict):
        raise ConfigError(f"{path}={node}: expected one of the choices of the group {group}")
    if TARGET not in node:
        raise ConfigError(f"{path}: expected a class, {path}.{TARGET}, found none")
    cls = find_class(group, path, node[TARGET])
    return _typed(path, cls, {name: value for name, value in node.items() if name != TARGET})


def _typed(path: str, cls: type, node: Any) -> Any:
    """An instance of a dataclass, from the node at `path`."""
    if not isinstance(node, dict):
        raise ConfigError(f"{path}={node}: expected settings, such as {path}.{dataclasses.fields(cls)[0].name}")
    schema = OmegaConf.structured(cls)
    try:
        typed = OmegaConf.merge(schema, node)
        missing = OmegaConf.missing_keys(typed)
        if missing:
            raise ConfigError(f"{path}.{min(missing)}: a value is needed; set it on the command line")
        # Not recursive, so that no unchecked class inside is instantiated.
        made = instantiate(
            OmegaConf.create({TARGET: target_of(cls)}), **_values_of(typed), _recursive_=False, _convert_="object"
        )
    except ConfigKeyError as error:
        full_key = error.full_key or ""
        where = f"{path}.{full_key}"
        parent = OmegaConf.select(schema, full_key.rpartition(".")[0]) if "." in full_key else schema
        raise ConfigError(unknown_key(where, str(error.key), [str(key) for key in parent])) from error
    except InstantiationException as error:
        if isinstance(error.__cause__, ConfigError):
            raise error.__cause__ from error
        cause = error.__cause__
        raise _misfit(path, schema, node, cause if isinstance(cause, Exception) else error) from error
    except OmegaConfBaseException as error:
        raise _misfit(path, schema, node, error) from error
    for name, group in groups_inside(cls).items():
        if (inner := getattr(made, name)) is not None:
            setattr(made, name, _component(group, f"{path}.{name}", inner))
    return made


def _misfit(path: str, schema: DictConfig, node: dict[Any, Any], error: Exception) -> ConfigError:
    """An error that names the setting without which a node is valid."""
    key, value = _culprit(node, partial(_fits, schema))
    said = f"{path}.{key}" if key else path
    return ConfigError(f"{said}={shortened(str(value))}: {first_line(error)}")


def _values_of(typed: Any) -> dict[str, Any]:
    """The values of a typed node; nested dataclasses as instances."""
    return {
        name: OmegaConf.to_object(value) if OmegaConf.is_config(value) else value for name, value in typed.items()
    }


def _culprit(node: dict[Any, Any], fits: Callable[[dict[Any, Any]], bool]) -> tuple[str, Any]:
    """The setting without which a node is valid, and its value; OmegaConf does not name those in lists or dicts."""
    for key, value in node.items():
        if not fits({other: kept for other, kept in node.items() if other != key}):
            continue
        if isinstance(value, dict):
            inner, wrong = _culprit(value, partial(_fits_with, fits, node, key))
            if inner:
                return f"{key}.{inner}", wrong
        return str(key), value
    return "", node


def _fits_with(fits: Callable[[dict[Any, Any]], bool], node: dict[Any, Any], key: Any, value: Any) -> bool:
    return fits({**node, key: value})


def _fits(schema: DictConfig, node: dict[Any, Any]) -> bool:
    """Whether a node has the types of a schema; its values are not checked."""
    try:
        OmegaConf.to_object(OmegaConf.merge(schema, node))
    except (ConfigError, MissingMandatoryValue):
        return True
    except OmegaConfBaseException:
        return False
    return True


def _check_values(config: Config) -> None:
    """Checks all values, at any depth, beyond their types.

    Raises:
        ConfigError: A number is not finite or too large for its type, a seed is out of range, or a text has
            unprintable characters.
    """
    for path, value in _values(config, ""):
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{path}={value}: expected a finite number")
        if isinstance(value, bool) or not isinstance(value, int | str):
            continue
        if isinstance(value, str):
            invalid = next((character for character in value if not character.isprintable()), None)
            if invalid is not None:
                raise ConfigError(f"{path}={value!r}: expected printable text, found {invalid!r} in it")
        elif path.rpartition(".")[2] == "seed":
            if not 0 <= value <= MAX_SEED:
                raise ConfigError(f"{path}={value}: expected 0 or more, and less than 2^64")
        elif abs(value) > MAX_COUNT:
            raise ConfigError(f"{path}={value}: expected a number below 2^63")


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """All values of settings, by their paths."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _values(getattr(value, field.name), f"{path}.{field.name}" if path else field.name)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _values(item, f"{path}.{key}")
    else:
        yield path, value
