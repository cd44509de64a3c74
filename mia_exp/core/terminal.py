"""Printing: a result that was worked out is shown in whatever characters the terminal has."""

import codecs
import io
import sys

from rich.console import Console

# What stands for a character that cannot be printed, one for one, so that tables keep their columns.
NEAREST = {"−": "-", "–": "-", "—": "-", "→": ">", "×": "x", "…": ".", "‘": "'", "’": "'", "“": '"', "”": '"'}
OTHER = "?"
HANDLER = "mia_exp.nearest"


def print_in_what_there_is() -> None:
    """Makes standard output and standard error replace what their encoding lacks, where it was an error before."""
    codecs.register_error(HANDLER, _nearest)
    for stream in (sys.stdout, sys.stderr):
        # Not what a notebook or a test has put in its place.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def plain_console(stderr: bool = False) -> Console:
    """A console that prints text as it is: brackets in a name are no markup, and colons no emoji."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def _nearest(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        # A byte of a file's name that is no text in this encoding: the terminal gets it as it was.
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return NEAREST.get(character, OTHER), error.start + 1
