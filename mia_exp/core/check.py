"""What a type alone cannot say: checks and their sentences."""

from mia_exp.core.errors import ConfigError

# Why some numbers have an upper bound: far beyond any use, and found here instead of after hours, as a crash.
MEMORY = "more takes more memory than machines have"
TIME = "more would take years"


def require(holds: bool, message: str) -> None:
    """Raises a `ConfigError` with `message` unless `holds`."""
    if not holds:
        raise ConfigError(message)


def require_at_most(value: float, most: float, path: str, because: str) -> None:
    """Raises a `ConfigError` that names the setting at `path` if `value` is above `most`, and why it may not be."""
    require(value <= most, f"{path}={value}: expected {most} or less, since {because}")
