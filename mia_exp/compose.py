"""From what Hydra composed to typed settings, and from Hydra's errors to sentences.

A structured config alone lets `+key=value` through, so the resolved container is merged into a fresh schema.
"""

import difflib
import importlib.util
import re
import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any

from hydra import compose, initialize_config_module
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import (
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    UnsupportedValueType,
    ValidationError,
)

from mia_exp import config as schemas
from mia_exp.errors import ConfigError

# A launcher's config stands in for its plugin's of the same name, on purpose. Said here, for every process that
# composes, those of the launchers too.
warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/\w+' is validated against ConfigStore schema")

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
        raise ConfigError(_first_line(error)) from error
    assert isinstance(container, dict)
    groups = {str(name): container.pop(name) for name in SCHEMAS if name in container}
    known = [*SCALARS, *SCHEMAS]
    for name in container:
        if name not in SCALARS:
            raise ConfigError(_unknown_key(str(name), str(name), known))
    missing = [name for name in SCHEMAS if name not in groups]
    if missing:
        raise ConfigError(f"{missing[0]}: a choice is needed; set {missing[0]}=CHOICE")
    typed = {name: _typed_group(name, node) for name, node in groups.items()}
    scalars = {str(name): value for name, value in container.items()}
    for name, value in scalars.items():
        expected = SCALARS[name]
        if not isinstance(value, expected):
            raise ConfigError(f"{name}={value!r}: expected a value of type {expected.__name__}")
    return schemas.Config(**typed, **scalars)


def _typed_group(name: str, node: Any, path: str | None = None) -> Any:
    """Types the node of a group that stands at `path`, the group's own name by default."""
    path = path or name
    if not isinstance(node, dict):
        raise ConfigError(f"{path}={node}: expected one of the choices of the group {name}")
    choices = SCHEMAS[name]
    kind = None if None in choices else node.get("kind")
    if kind not in choices:
        expected = ", ".join(str(choice) for choice in choices)
        raise ConfigError(f"{path}.kind={kind}: expected one of {expected}")
    schema = OmegaConf.structured(choices[kind])
    try:
        typed = OmegaConf.to_object(OmegaConf.merge(schema, node))
    except ConfigKeyError as error:
        full_key = error.full_key or ""
        where = f"{path}.{full_key}"
        parent = OmegaConf.select(schema, full_key.rpartition(".")[0]) if "." in full_key else schema
        raise ConfigError(_unknown_key(where, str(error.key), [str(key) for key in parent])) from error
    except (ValidationError, UnsupportedValueType) as error:
        value = OmegaConf.select(OmegaConf.create(node), error.full_key or "")
        raise ConfigError(f"{path}.{error.full_key}={value}: {_first_line(error)}") from error
    except MissingMandatoryValue as error:
        raise ConfigError(f"{path}.{error.full_key}: a value is needed; set it on the command line") from error
    if isinstance(typed, schemas.ShadowConfig) and typed.dataset is not None:
        # A group inside another: the only one, so it is named here.
        typed.dataset = _typed_group("dataset", typed.dataset, f"{path}.dataset")
    return typed


def runs_jobs(words: list[str]) -> bool:
    """Whether a command line asks for its jobs, and not for one of Hydra's own answers, such as `--help`."""
    options = get_args_parser().parse_known_args(words)[0]
    asked = (options.help, options.hydra_help, options.cfg, options.info, options.shell_completion)
    return not any(asked)


def validate(words: list[str]) -> None:
    """Composes and checks every job that a command line asks for, before any of them is run.

    Args:
        words: The command line without the program's name; Hydra's options (`--...`) are left to Hydra.

    Raises:
        ConfigError: The first thing that does not fit, in words.
    """
    for _ in planned_jobs(words):
        pass


def planned_jobs(words: list[str]) -> Iterator[tuple[list[str], schemas.Config]]:
    """Composes the jobs that a command line asks for, without running any.

    Args:
        words: As for `validate`.

    Yields:
        Each job's own overrides, and its settings.

    Raises:
        ConfigError: A job does not fit, in words.
    """
    overrides = get_args_parser().parse_known_args(words)[0].overrides
    with initialize_config_module("mia_exp.conf", version_base="1.3"):
        try:
            parsed = OverridesParser.create().parse_overrides(overrides)
            for job in product(*map(_values, parsed)):
                composed = compose("config", list(job), return_hydra_config=True)
                _check_launcher(composed.hydra.launcher._target_)
                # What the command line says wins over what the experiment sweeps, as in Hydra.
                given = {override.key_or_group for override in parsed}
                swept_by_file = composed.hydra.sweeper.params or {}
                params = {key: value for key, value in swept_by_file.items() if key not in given}
                if not swept_by_file:
                    with open_dict(composed):
                        del composed.hydra
                    yield list(job), typed_config(composed)
                    continue
                swept = OverridesParser.create().parse_overrides(
                    [f"{key}={value}" for key, value in params.items()]
                )
                for cell in product(*map(_values, swept)):
                    yield [*cell, *job], typed_config(compose("config", [*cell, *job]))
        except HydraException as error:
            raise ConfigError(_explain(error, overrides)) from error


def _check_launcher(target: str) -> None:
    """Refuses a launcher whose plugin is not installed.

    Raises:
        ConfigError: It is not.
    """
    package, name = target.split(".")[:2]
    if package != "hydra_plugins":
        return
    if importlib.util.find_spec(package) is None or importlib.util.find_spec(f"{package}.{name}") is None:
        extra = name.removeprefix("hydra_").removesuffix("_launcher")
        raise ConfigError(
            f"hydra/launcher: this launcher needs {name.replace('_', '-')}, which is not installed: "
            f"pip install 'mia-exp[{extra}]'"
        )


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [override.input_line or ""]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _explain(error: HydraException, overrides: list[str]) -> str:
    """Says in a sentence what Hydra refused."""
    message = str(error)
    if match := re.search(r"Could not override '([^']+)'", message):
        path = match.group(1)
        return _unknown_key(path, path.rpartition(".")[2], _known_keys(path, overrides))
    if match := re.search(r"Could not find '([^']+)/([^/']*)'", message):
        group, choice = match.groups()
        listing = message.partition("Available options")[2].partition("Config search path")[0]
        choices = re.findall(r"^\t(.+)$", listing, flags=re.MULTILINE)
        return (
            f"{group}={choice}: there is no such choice. {_suggest(choice, choices)}Choices: {', '.join(choices)}."
        )
    if match := re.search(r"Error resolving interpolation '([^']+)', possible interpolation keys: (.*)", message):
        there = match.group(2).split(", ")
        group = next(name for name in re.findall(r"\$\{(\w+)\}", match.group(1)) if name not in there)
        return f"{group}: a choice is needed; set {group}=CHOICE"
    cause = error.__cause__
    return f"{message}: {cause}" if cause and str(cause) not in message else message


def _known_keys(path: str, overrides: list[str]) -> list[str]:
    """The settings beside the one that was refused, from a composition of the chosen groups alone."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    loader = GlobalHydra.instance().config_loader()
    choices = [_values(override)[0] for override in parsed if loader.get_group_options(override.key_or_group)]
    node: Any = compose("config", choices, return_hydra_config=True)
    for name in path.split(".")[:-1]:
        if isinstance(node, DictConfig) and name in node:
            node = node[name]
    return [str(key) for key in node] if isinstance(node, DictConfig) else []


def _unknown_key(path: str, key: str, known: list[str]) -> str:
    return f"{path}: there is no such setting. {_suggest(key, known)}Settings here: {', '.join(known)}."


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
