"""Errors that speak to the person who made the mistake.

A message says what was expected, what was found, where, and what to do. The command line prints it alone,
without a traceback, and exits with status 1; anything else that is raised is a bug in this package.
"""


class MiaError(Exception):
    """A mistake whose message is all that its maker needs: one line, whatever it quotes."""

    def __str__(self) -> str:
        return "".join(
            character if character.isprintable() else repr(character)[1:-1] for character in super().__str__()
        )


class ConfigError(MiaError):
    """A setting that is unknown, of the wrong type, out of range, or in conflict with another."""


class DataError(MiaError):
    """A dataset that is missing, malformed, or too small for what was asked of it."""


class WeightsError(MiaError):
    """A weight file or checkpoint that is missing, damaged, or not ours."""


class TrainingError(MiaError):
    """A training run that cannot go on, such as one whose loss is not finite."""


class StorageError(MiaError):
    """A disk that is full or an artifact that is damaged."""
