"""The configuration groups, their base classes, and the classes that a `_target_` may name.

A configuration from somebody else must not run arbitrary code. So a `_target_` may only name a class of this
package, or of a package that declares an entry point of the group `mia_exp.components`; and it must be a subclass
of its group's base class.
"""

import dataclasses
import importlib
import inspect
import logging
import typing
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mia_exp.config.run_settings import Config
from mia_exp.core.component import Component
from mia_exp.core.errors import ConfigError, MiaError

log = logging.getLogger(__name__)

ENTRY_POINTS = "mia_exp.components"
OWN_PACKAGE = "mia_exp"
TARGET = "_target_"


@cache
def groups() -> dict[str, type[Component]]:
    """The groups whose choices are components, each with the base class of its choices."""
    return {name: kind for name, kind in _kinds().items() if inspect.isclass(kind) and issubclass(kind, Component)}


@cache
def settings_groups() -> dict[str, type]:
    """The groups without choices, each with its dataclass."""
    return {
        name: kind
        for name, kind in _kinds().items()
        if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and name not in groups()
    }


@cache
def scalars() -> dict[str, type]:
    """The settings outside of groups, each with its type."""
    return {name: kind for name, kind in _kinds().items() if name not in groups() | settings_groups()}


def find_class(group: str, path: str, target: Any) -> type[Component]:
    """The class that a `_target_` names.

    Args:
        group: The group that it is a choice of.
        path: Its path in the configuration.
        target: Its value.

    Raises:
        ConfigError: The class is not allowed, does not exist, cannot be imported, is not a subclass of the group's
            base class, or does not declare its settings properly.
    """
    said, base = f"{path}.{TARGET}={target}", groups()[group]
    if not isinstance(target, str) or not all(part.isidentifier() for part in target.split(".")):
        raise ConfigError(f"{said}: expected the path of a class, such as {OWN_PACKAGE}.{group}.NAME.CLASS")
    module, _, name = target.rpartition(".")
    package = target.partition(".")[0]
    if package not in (allowed := {OWN_PACKAGE, *_allowed_packages()}):
        names = ", ".join(sorted(allowed))
        raise ConfigError(
            f"{said}: a configuration may only name classes of {names}, since naming one runs its code. To allow "
            f'{package}, add [project.entry-points."{ENTRY_POINTS}"] {package}="{package}" to its pyproject.toml.'
        )
    try:
        found = getattr(importlib.import_module(module), name, None) if module else None
    except MiaError as error:
        raise ConfigError(f"{said}: {error}") from error
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and module.startswith(error.name):
            raise ConfigError(f"{said}: there is no module {error.name}") from error
        log.error("%s could not be imported", module, exc_info=True)
        raise ConfigError(f"{said}: {module} could not be imported ({type(error).__name__}: {error})") from error
    if found is None:
        raise ConfigError(f"{said}: {module or 'it'} has no {name}")
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise ConfigError(
            f"{said}: expected a subclass of {base.__module__}.{base.__qualname__}, the base class of the group "
            f"{group}"
        )
    _check_declared(said, found)
    return found


def _kinds() -> dict[str, Any]:
    return typing.get_type_hints(Config)


@cache
def _allowed_packages() -> set[str]:
    return {point.value.partition(":")[0].partition(".")[0] for point in entry_points(group=ENTRY_POINTS)}


def _check_declared(said: str, cls: type[Component]) -> None:
    """Checks that a configuration can set all settings of a component.

    Raises:
        ConfigError: It is not a dataclass, or a field has no type, one that OmegaConf does not have, or no default.
    """
    if "__dataclass_fields__" not in vars(cls):
        raise ConfigError(f"{said}: expected a dataclass; put @dataclass above the class {cls.__name__}")
    own = inspect.get_annotations(cls)
    for name, value in vars(cls).items():
        plain = not (name.startswith("_") or callable(value) or hasattr(value, "__get__"))
        inherited = any(name in inspect.get_annotations(base) for base in cls.__mro__[1:])
        if plain and name not in own and not inherited:
            raise ConfigError(f"{said}: its field {name} has no type; write {name}: TYPE = {value!r}")
    try:
        cls.check_declaration()
    except ConfigError as error:
        raise ConfigError(f"{said}: {error}") from error
    for field in dataclasses.fields(cls):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(
                f"{said}: its field {field.name} has no default; give it one, or omegaconf.MISSING if the user has "
                "to set it"
            )
    try:
        OmegaConf.structured(cls)
    except OmegaConfBaseException as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"{said}: its field {error.key} cannot be a setting ({reason})") from error
