"""From what Hydra composed to typed settings, and from Hydra's errors to sentences.

A structured config alone lets `+key=value` through, so the resolved container is merged into a fresh schema.
"""

import difflib
import re
from dataclasses import fields
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException, HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    UnsupportedValueType,
    ValidationError,
)

from mia_exp import config as schemas
from mia_exp.errors import ConfigError

# The schemas of each group, by `kind`. A group with one shape has the key None.
SCHEMAS: dict[str, dict[str | None, type]] = {
    "dataset": {
        "openmoji": schemas.OpenMojiDataset,
        "side_by_side": schemas.SideBySideDataset,
        "folder": schemas.FolderDataset,
    },
    "split": {"random": schemas.SplitConfig, "official": schemas.SplitConfig},
    "victim": {"pix2pix": schemas.Pix2PixConfig},
    "query": {None: schemas.QueryConfig},
    "features": {None: schemas.FeaturesConfig},
    "attack": {"ours": schemas.OursConfig},
    "evaluation": {None: schemas.EvaluationConfig},
    "trainer": {None: schemas.TrainerConfig},
    "logger": {"csv": schemas.LoggerConfig, "wandb": schemas.LoggerConfig},
}


def typed_config(composed: DictConfig) -> schemas.Config:
    """Turns a composed configuration into typed settings.

    Raises:
        ConfigError: A key is unknown, a value is missing, of the wrong type or out of range.
    """
    try:
        container = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key or ""
        raise ConfigError(f"{key}: a value is needed; set {key}=VALUE") from error
    except OmegaConfBaseException as error:
        raise ConfigError(_first_line(error)) from error
    assert isinstance(container, dict)
    groups = {str(name): container.pop(name) for name in SCHEMAS if name in container}
    known = [f.name for f in fields(schemas.Config)]
    for name in container:
        if name not in known:
            raise ConfigError(_unknown_key(str(name), str(name), known))
    typed = {name: _typed_group(name, node) for name, node in groups.items()}
    scalars = {f.name: f.type for f in fields(schemas.Config) if f.name not in SCHEMAS}
    for name, value in container.items():
        expected = scalars[str(name)]
        if not isinstance(value, expected):  # type: ignore[arg-type]  # the scalars' annotations are classes
            raise ConfigError(f"{name}={value!r}: expected a value of type {expected.__name__}")  # type: ignore[union-attr]
    return schemas.Config(**typed, **container)  # type: ignore[arg-type]


def _typed_group(name: str, node: Any) -> Any:
    if not isinstance(node, dict):
        raise ConfigError(f"{name}={node}: expected one of the choices of the group {name}")
    choices = SCHEMAS[name]
    kind = None if None in choices else node.get("kind")
    if kind not in choices:
        expected = ", ".join(str(choice) for choice in choices)
        raise ConfigError(f"{name}.kind={kind}: expected one of {expected}")
    schema = OmegaConf.structured(choices[kind])
    try:
        return OmegaConf.to_object(OmegaConf.merge(schema, node))
    except ConfigKeyError as error:
        path = f"{name}.{error.full_key}"
        parent = OmegaConf.select(schema, error.full_key.rpartition(".")[0]) if "." in error.full_key else schema
        raise ConfigError(_unknown_key(path, str(error.key), [str(key) for key in parent])) from error
    except (ValidationError, UnsupportedValueType) as error:
        path = f"{name}.{error.full_key}"
        value = OmegaConf.select(OmegaConf.create(node), error.full_key or "")
        raise ConfigError(f"{path}={value}: {_first_line(error)}") from error
    except MissingMandatoryValue as error:
        raise ConfigError(f"{name}.{error.full_key}: a value is needed; set it on the command line") from error


def explain(error: HydraException, overrides: list[str]) -> str:
    """Says in a sentence what Hydra refused.

    Args:
        error: What Hydra raised while it composed.
        overrides: The words of the command line.
    """
    message = str(error)
    match = re.search(r"Could not override '([^']+)'", message)
    if match and isinstance(error, ConfigCompositionException):
        path = match.group(1)
        keys = _known_keys(path, overrides)
        if keys is not None:
            return _unknown_key(path, path.rpartition(".")[2], keys)
    match = re.search(r"Could not find '([^']+)/([^/']+)'", message)
    if match:
        group, choice = match.groups()
        choices = re.findall(r"^\t(.+)$", message, flags=re.MULTILINE)
        return (
            f"{group}={choice}: there is no such choice. {_suggest(choice, choices)}Choices: {', '.join(choices)}."
        )
    cause = error.__cause__
    return f"{message}: {cause}" if cause and str(cause) not in message else message


def _known_keys(path: str, overrides: list[str]) -> list[str] | None:
    """The settings beside the one that was refused, from a composition without any value override."""
    from hydra.core.global_hydra import GlobalHydra

    parser = OverridesParser.create()
    loader = GlobalHydra.instance().config_loader()
    choices = [
        text
        for text, parsed in zip(overrides, parser.parse_overrides(overrides), strict=True)
        if loader.get_group_options(parsed.key_or_group) and not parsed.is_sweep_override()
    ]
    from hydra.types import RunMode

    plain = loader.load_configuration("config", choices, RunMode.RUN)
    parent = OmegaConf.select(plain, path.rpartition(".")[0]) if "." in path else plain
    return [str(key) for key in parent if key != "hydra"] if isinstance(parent, DictConfig) else None


def _unknown_key(path: str, key: str, known: list[str]) -> str:
    return f"{path}: there is no such setting. {_suggest(key, known)}Settings here: {', '.join(known)}."


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
