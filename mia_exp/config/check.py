"""What a type alone cannot say: a check and its sentence."""

from mia_exp.errors import ConfigError


def require(holds: bool, message: str) -> None:
    """Raises a `ConfigError` with `message` unless `holds`."""
    if not holds:
        raise ConfigError(message)
