"""Printing on terminals whose encoding lacks some characters."""

import codecs
import io
import sys

from rich.console import Console

# Replacements for characters that cannot be printed, of the same width, so that tables stay aligned.
REPLACEMENTS = {"−": "-", "–": "-", "—": "-", "→": ">", "×": "x", "…": ".", "‘": "'", "’": "'", "“": '"', "”": '"'}
FALLBACK = "?"
HANDLER = "mia_exp.replace"


def replace_unencodable() -> None:
    """Makes standard output and standard error replace characters that they cannot encode, instead of raising."""
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        # A notebook or a test may have replaced the stream.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def plain_console(stderr: bool = False) -> Console:
    """A console that prints text literally, without markup, emoji codes or highlighting."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        # A byte of a file name that is not text in this encoding is printed unchanged.
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return REPLACEMENTS.get(character, FALLBACK), error.start + 1
