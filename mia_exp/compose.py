"""From what Hydra composed to typed settings.

A structured config alone lets `+key=value` through, so the resolved container is merged into a fresh schema.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from mia_exp import config as schemas
from mia_exp.errors import ConfigError
from mia_exp.mistakes import first_line, shortened, unknown_key

# What torch's generators take.
LARGEST_SEED = 2**64 - 1
# What an array's length, and so any count, can be.
LARGEST_COUNT = 2**63 - 1

# The schemas of each group, by `kind`. A group with one shape has the key None.
SCHEMAS: dict[str, dict[str | None, type]] = {
    "dataset": {
        "openmoji": schemas.OpenMojiDataset,
        "side_by_side": schemas.SideBySideDataset,
        "folder": schemas.FolderDataset,
        "cityscapes_original": schemas.CityscapesDataset,
        "celeba": schemas.CelebADataset,
        "bdd100k": schemas.BDD100KDataset,
        "imagenet": schemas.ImageNetDataset,
    },
    "split": {"random": schemas.SplitConfig, "official": schemas.SplitConfig},
    "victim": {
        "pix2pix": schemas.Pix2PixConfig,
        "pix2pixhd": schemas.Pix2PixHDConfig,
        "none": schemas.NoVictim,
    },
    "query": {None: schemas.QueryConfig},
    "defense": {"none": schemas.DefenseConfig, "gauss": schemas.DefenseConfig},
    "features": {None: schemas.FeaturesConfig},
    "difficulty": {None: schemas.DifficultyConfig},
    "attack": {
        "reconstruction": schemas.ReconstructionConfig,
        "ours": schemas.OursConfig,
        "augmented": schemas.AugmentedConfig,
        "multi_image": schemas.MultiImageConfig,
        "supervised": schemas.SupervisedConfig,
        "shadow": schemas.ShadowAttackConfig,
        "difficulty": schemas.DifficultyOnlyConfig,
    },
    "shadow": {None: schemas.ShadowConfig},
    "visual_search": {None: schemas.VisualSearchConfig},
    "evaluation": {None: schemas.EvaluationConfig},
    "trainer": {None: schemas.TrainerConfig},
    "logger": {"csv": schemas.LoggerConfig, "wandb": schemas.LoggerConfig},
}

SCALARS: dict[str, type] = {
    "name": str,
    "scale": str,
    "seed": int,
    "output_dir": str,
    "data_dir": str,
    "dry_run": bool,
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
        raise ConfigError(
            f"{error.full_key}: {first_line(error)}" if error.full_key else first_line(error)
        ) from error
    assert isinstance(container, dict)
    groups = {str(name): container.pop(name) for name in SCHEMAS if name in container}
    known = [*SCALARS, *SCHEMAS]
    for name in container:
        if name not in SCALARS:
            raise ConfigError(unknown_key(str(name), str(name), known))
    missing = [name for name in SCHEMAS if name not in groups]
    if missing:
        raise ConfigError(f"{missing[0]}: a choice is needed; set {missing[0]}=CHOICE")
    typed = {name: _typed_group(name, node) for name, node in groups.items()}
    scalars = {str(name): value for name, value in container.items()}
    for name, value in scalars.items():
        expected = SCALARS[name]
        if type(value) is not expected:
            raise ConfigError(f"{name}={value!r}: expected a value of type {expected.__name__}")
    config = schemas.Config(**typed, **scalars)
    _check_values(config)
    return config


def _typed_group(name: str, node: Any, path: str | None = None) -> Any:
    """Types the node of a group that stands at `path`, the group's own name by default."""
    path = path or name
    if not isinstance(node, dict):
        raise ConfigError(f"{path}={node}: expected one of the choices of the group {name}")
    choices = SCHEMAS[name]
    kind = None if None in choices else node.get("kind")
    if not (kind is None or isinstance(kind, str)) or kind not in choices:
        expected = ", ".join(str(choice) for choice in choices)
        raise ConfigError(f"{path}.kind={kind}: expected one of {expected}")
    schema = OmegaConf.structured(choices[kind])
    try:
        typed = OmegaConf.to_object(OmegaConf.merge(schema, node))
    except ConfigKeyError as error:
        full_key = error.full_key or ""
        where = f"{path}.{full_key}"
        parent = OmegaConf.select(schema, full_key.rpartition(".")[0]) if "." in full_key else schema
        raise ConfigError(unknown_key(where, str(error.key), [str(key) for key in parent])) from error
    except MissingMandatoryValue as error:
        raise ConfigError(f"{path}.{error.full_key}: a value is needed; set it on the command line") from error
    except OmegaConfBaseException as error:
        key, value = _culprit(node, partial(_fits, schema))
        said = f"{path}.{key}" if key else path
        raise ConfigError(f"{said}={shortened(str(value))}: {first_line(error)}") from error
    if isinstance(typed, schemas.ShadowConfig) and typed.dataset is not None:
        # A group inside another: the only one, so it is named here.
        typed.dataset = _typed_group("dataset", typed.dataset, f"{path}.dataset")
    return typed


def _culprit(node: dict[Any, Any], fits: Callable[[dict[Any, Any]], bool]) -> tuple[str, Any]:
    """The setting without which a node fits, and its value; OmegaConf does not name one inside a list or a dict."""
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
    """Whether a node has the types of a schema; whether its values go together is another question."""
    try:
        OmegaConf.to_object(OmegaConf.merge(schema, node))
    except (ConfigError, MissingMandatoryValue):
        return True
    except OmegaConfBaseException:
        return False
    return True


def _check_values(config: schemas.Config) -> None:
    """Refuses values of the right type that nothing can be computed with, wherever they stand.

    Raises:
        ConfigError: A number is not finite or too large for its type, a seed is out of range, or a text holds
            characters that no file name and no report can have.
    """
    for path, value in _values(config, ""):
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{path}={value}: expected a finite number")
        if isinstance(value, bool) or not isinstance(value, int | str):
            continue
        if isinstance(value, str):
            broken = next((character for character in value if not character.isprintable()), None)
            if broken is not None:
                raise ConfigError(f"{path}={value!r}: expected text that can be printed, found {broken!r} in it")
        elif path.rpartition(".")[2] == "seed":
            if not 0 <= value <= LARGEST_SEED:
                raise ConfigError(f"{path}={value}: expected 0 or more, and less than 2^64")
        elif abs(value) > LARGEST_COUNT:
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
