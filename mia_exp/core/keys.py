"""The settings that enter a stage's key, and those that cannot change a result and are left out.

Every field of a settings dataclass enters, unless it is declared with `harmless` and a reason.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from mia_exp.core.component import Component, target_of

_REASON = "harmless because"


def harmless(
    default: Any = dataclasses.MISSING,
    *,
    because: str,
    default_factory: Callable[[], Any] | None = None,
) -> Any:
    """A dataclass field that enters no key, since no artifact depends on it.

    Args:
        default: Its default.
        because: Why no artifact depends on it, or how else it enters the key.
        default_factory: Makes its default, if that is mutable.
    """
    metadata = {_REASON: because}
    if default_factory is not None:
        return dataclasses.field(default_factory=default_factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def why_harmless(field: "dataclasses.Field[Any]") -> str | None:
    """The reason that a field was declared harmless with, or None if it enters the key."""
    return field.metadata.get(_REASON)


def deciding(settings: Any) -> dict[str, Any]:
    """The settings that determine a result, as JSON types: all fields of a dataclass except the harmless ones.

    For a component, also its class and version.
    """
    return {
        **_identity(settings),
        **{
            field.name: _deciding_value(getattr(settings, field.name))
            for field in dataclasses.fields(settings)
            if why_harmless(field) is None
        },
    }


def plain(value: Any) -> Any:
    """Turns dataclasses, enums, mappings and sequences into JSON types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {**_identity(value), **fields}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def canonical_json(value: Any) -> str:
    """JSON that is the same for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _deciding_value(value: Any) -> Any:
    return deciding(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else plain(value)


def _identity(settings: Any) -> dict[str, Any]:
    if not isinstance(settings, Component):
        return {}
    cls = type(settings)
    return {"_target_": target_of(cls), **({"version": cls.version} if cls.version != 1 else {})}
