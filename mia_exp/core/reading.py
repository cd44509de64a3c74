"""Files that somebody else may have written or damaged: read whole, or refused in a sentence that names them.

Parsers raise whatever they stumble over. Here that becomes a sentence, in one way for all readers.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mia_exp.core.errors import DataError, MiaError

# Characters of a parser's own message that are shown.
LONGEST_REASON = 200
# And of what stands in a file.
LONGEST_QUOTATION = 80


@contextmanager
def refusing(place: object, expected: str, advice: str, error_type: type[MiaError] = DataError) -> Iterator[None]:
    """Turns whatever a parser raises in the block into one error that says what was expected of what.

    Args:
        place: The file, address or setting that is read.
        expected: What it should be, such as "an image".
        advice: What to do, as one or more sentences.
        error_type: The error's class.

    Raises:
        MiaError: Of `error_type`; errors of this package that the block raises pass through as they are.
    """
    try:
        yield
    except MiaError:
        raise
    except Exception as error:
        raise error_type(
            f"{place}: expected {expected}, found none that can be read ({reason(error)}). {advice}"
        ) from error


def reason(error: BaseException) -> str:
    """An error's own words, in one short line; its class where it has none."""
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError) and error.args:
        key = str(error.args[0])
        words = key if " " in key else f"there is no {key}"
    return short(words, LONGEST_REASON)


def short(quoted: object, length: int = LONGEST_QUOTATION) -> str:
    """What a file holds, as far as a message should quote it; a damaged file can hold anything, of any length."""
    words = str(quoted)
    return words if len(words) <= length else f"{words[:length]}..."


def read_text(path: Path, error_type: type[MiaError] = DataError) -> str:
    """Reads a text file in UTF-8, with or without a byte order mark.

    Raises:
        MiaError: Of `error_type`: it is in another encoding, or no text.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        wrong = text.find("\0")
        line = text.count("\n", 0, wrong) + 1
        found = "a NUL byte" if wrong >= 0 else ""
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}, which is none in that encoding"
    if found:
        raise error_type(
            f"{path}, line {line}: expected text in UTF-8, found {found}. Save the file as UTF-8 text."
        )
    return text


def json_object(text: str | bytes) -> dict[str, Any]:
    """Parses JSON that must be an object.

    Raises:
        Exception: It is none. To be called within `refusing`.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"JSON of {type(value).__name__} where an object is expected")
    return value


def typed(value: Any, expected: type, name: str) -> Any:
    """Returns a parsed value if it is of exactly that type: true is no whole number, and 1 no truth value.

    A whole number is a float too.

    Raises:
        TypeError: It is not. To be called within `refusing`.
    """
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise TypeError(f"{name} is {value!r} where {expected.__name__} is expected")
    return value
