"""Checks of settings beyond their types, and their error messages."""

from mia_exp.core.errors import ConfigError

# Reasons for upper bounds, which are far beyond any use: a typing error is reported at once, not by a crash later.
MEMORY = "more takes more memory than machines have"
TIME = "more would take years"


def require(holds: bool, message: str) -> None:
    """Raises a `ConfigError` with `message` unless `holds`."""
    if not holds:
        raise ConfigError(message)


def require_at_most(value: float, maximum: float, path: str, because: str) -> None:
    """Raises a `ConfigError` that names the setting at `path` and the reason if `value` is above `maximum`."""
    require(value <= maximum, f"{path}={value}: expected {maximum} or less, since {because}")
