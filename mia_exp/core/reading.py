"""Reading files that may be damaged: either completely, or with an error message that names the file.

Parsers raise many kinds of exceptions. Here all become one kind of error message.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mia_exp.core.errors import DataError, MiaError

# Characters of a parser's message that are shown.
MAX_REASON_LENGTH = 200
# Characters of a file's content that are shown.
MAX_QUOTE_LENGTH = 80


@contextmanager
def refusing(place: object, expected: str, advice: str, error_type: type[MiaError] = DataError) -> Iterator[None]:
    """Turns any exception that a parser raises in the block into one error that says what was expected.

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
            f"{place}: expected {expected}, found one that cannot be read ({reason(error)}). {advice}"
        ) from error


def reason(error: BaseException) -> str:
    """An error's message in one short line, or its class name if it has none."""
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError) and error.args:
        key = str(error.args[0])
        words = key if " " in key else f"there is no {key}"
    return short(words, MAX_REASON_LENGTH)


def short(quoted: object, length: int = MAX_QUOTE_LENGTH) -> str:
    """A file's content as a message quotes it, truncated: a damaged file can hold text of any length."""
    words = str(quoted)
    return words if len(words) <= length else f"{words[:length]}..."


def read_text(path: Path, error_type: type[MiaError] = DataError) -> str:
    """Reads a text file in UTF-8, with or without a byte order mark.

    Raises:
        MiaError: Of `error_type`: it is in another encoding, or is not text.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        wrong = text.find("\0")
        line = text.count("\n", 0, wrong) + 1
        found = "a NUL byte" if wrong >= 0 else ""
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}, which is invalid in that encoding"
    if found:
        raise error_type(
            f"{path}, line {line}: expected text in UTF-8, found {found}. Save the file as UTF-8 text."
        )
    return text


def json_object(text: str | bytes) -> dict[str, Any]:
    """Parses JSON that must be an object.

    Raises:
        Exception: It is not an object. To be called within `refusing`.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"JSON of {type(value).__name__} where an object is expected")
    return value


def typed(value: Any, expected: type, name: str) -> Any:
    """Returns a parsed value if it is of exactly that type: `True` is not accepted as an int, nor 1 as a bool.

    An int is accepted as a float.

    Raises:
        TypeError: It is not. To be called within `refusing`.
    """
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise TypeError(f"{name} is {value!r} where {expected.__name__} is expected")
    return value
