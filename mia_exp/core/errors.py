"""Errors that the user can fix.

A message says what was expected, what was found, where, and what to do. The command line prints it alone,
without a traceback, and exits with status 1. Any other exception is a bug in this package.
"""


class MiaError(Exception):
    """Base class of these errors; the message is one line, whatever text it quotes."""

    def __str__(self) -> str:
        return "".join(
            character if character.isprintable() else repr(character)[1:-1] for character in super().__str__()
        )


class ConfigError(MiaError):
    """A setting is unknown, of the wrong type, out of range, or in conflict with another."""


class DataError(MiaError):
    """A dataset is missing, malformed, or too small for the split."""


class WeightsError(MiaError):
    """A weight file or checkpoint is missing, damaged, or was not written by this package."""


class TrainingError(MiaError):
    """A training run cannot continue, for example because its loss is not finite."""


class StorageError(MiaError):
    """The disk is full, or an artifact is damaged."""
