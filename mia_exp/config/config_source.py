"""Hydra's sources of configurations: `conf/`, and a folder of the user's.

A component's YAML names its class and sets what differs from the class's defaults. The defaults are added when it
is read, so that all settings can be set, interpolated and shown as in any Hydra application.
"""

import copy
import dataclasses
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from mia_exp.config.components import TARGET, find_class, groups, scalars, settings_groups
from mia_exp.config.run_settings import Config
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import ConfigError

SCHEME = "mia-exp"
PRIMARY = "config"

_further: list[Path] = []


class ComponentSource(ConfigSource):
    """A folder of YAML files, each completed with the defaults of its class."""

    @staticmethod
    def scheme() -> str:
        """The scheme of such a folder in Hydra's search path."""
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """Reads a file and completes it.

        Raises:
            ConfigError: It names a class that is not allowed, or not of its group.
        """
        path = Path(self.path, self._normalize_file_name(config_path))
        if not path.is_file():
            raise ConfigLoadError(f"Config not found : {path}")
        with path.open(encoding="utf-8") as file:
            text = file.read()
        config = copy.deepcopy(_loaded(path, text, config_path.removesuffix(".yaml")))
        header = self._get_header_dict(text[:512])
        return ConfigResult(config=config, path=f"{SCHEME}://{self.path}", provider=self.provider, header=header)

    def available(self) -> bool:
        """Whether the folder exists."""
        return Path(self.path).is_dir()

    def is_group(self, config_path: str) -> bool:
        """Whether a path in the folder is a group."""
        return Path(self.path, config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        """Whether a path in the folder is a configuration."""
        return Path(self.path, self._normalize_file_name(config_path)).is_file()

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """The names in a group."""
        found: list[str] = []
        for path in sorted(Path(self.path, config_path).iterdir()):
            self._list_add_result(found, str(Path(config_path, path.name)), path.name, results_filter)
        return sorted(set(found))


class ComponentSearchPath(SearchPathPlugin):
    """Makes Hydra read the application's folder as a `ComponentSource`, and the user's folders before it."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Changes the search path in place."""
        _replace_schemas()
        for element in search_path.get_path():
            if element.provider == "main":
                element.path = f"{SCHEME}://{CONF}"
        for folder in _further:
            search_path.prepend("command-line", f"{SCHEME}://{folder}")


def search_also(folder: Path | None) -> None:
    """Sets the user's folder of configurations, for all later compositions; None for none.

    Raises:
        ConfigError: It has a component whose name already exists.
    """
    _further[:] = [] if folder is None else [folder]
    for group in groups() if folder else ():
        assert folder is not None
        for path in sorted((folder / group).glob("*.yaml")):
            if (CONF / group / path.name).is_file():
                raise ConfigError(
                    f"{path}: {group}={path.stem} already exists in {CONF / group}. Rename your file."
                )


def settings_of_choices(group: str) -> dict[str, list[str]]:
    """This package's choices of a group of components, each with the names of its settings."""
    if group not in groups():
        return {}
    targets = {
        path.stem: OmegaConf.select(OmegaConf.load(path), TARGET) for path in sorted((CONF / group).glob("*.yaml"))
    }
    return {
        name: [field.name for field in dataclasses.fields(find_class(group, group, target))]
        for name, target in targets.items()
    }


@lru_cache(maxsize=256)
def _loaded(path: Path, text: str, name: str) -> Any:
    """A file's content, completed; kept, since each job of a sweep reads the same files."""
    stream = io.StringIO(text)
    # Where an error of YAML says it is.
    stream.name = str(path)
    config = OmegaConf.load(stream)
    return _completed(config, name) if isinstance(config, DictConfig) else config


def _completed(config: DictConfig, name: str) -> DictConfig:
    """A configuration completed with defaults."""
    if name == PRIMARY:
        defaults = {group: defaults_of(cls) for group, cls in settings_groups().items()}
        own = {field.name: field.default for field in dataclasses.fields(Config) if field.name in scalars()}
        return _merged({**own, **defaults}, config)
    group = name.rpartition("/")[0]
    if group not in groups() or TARGET not in config:
        return config
    return _merged(defaults_of(find_class(group, group, config[TARGET])), config)


def _merged(defaults: dict[str, Any], config: DictConfig) -> DictConfig:
    merged = OmegaConf.merge(defaults, config)
    assert isinstance(merged, DictConfig)
    return merged


def defaults_of(cls: type) -> dict[str, Any]:
    """The defaults of a dataclass's settings, in the types of YAML; `???` if the user has to set a value."""
    container = OmegaConf.to_container(OmegaConf.structured(cls), enum_to_str=True)
    assert isinstance(container, dict)
    return {str(name): value for name, value in container.items()}


def _replace_schemas() -> None:
    """Makes Hydra take this package's files instead of plugins' schemas of the same names with a defaults list.

    Hydra merges the two, but refuses to if the schema has defaults, as that of Optuna's sweeper has. It copies its
    store before it composes, so this has to come first.
    """
    schemas: Any = ConfigStore.instance().repo
    for path in CONF.glob("hydra/*/*.yaml"):
        group = schemas.get("hydra", {}).get(path.parent.name, {})
        schema = group.get(path.name)
        if isinstance(schema, ConfigNode) and "defaults" in schema.node:
            del group[path.name]


for _plugin in (ComponentSource, ComponentSearchPath):
    Plugins.instance().register(_plugin)
