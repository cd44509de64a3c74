"""Tables of a name and numbers, as people and pandas write them: with or without a header and row numbers.

The number of cells determines what a line is: `count` numbers after a name, or after a row number and a name.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mia_exp.core.errors import DataError
from mia_exp.core.reading import short


@dataclass(frozen=True)
class NamedRow:
    """A parsed row.

    Attributes:
        place: The file and the line, for messages.
        name: What the numbers belong to.
        numbers: The cells of the numbers, as text; the caller converts them.
    """

    place: str
    name: str
    numbers: list[str]


def split_cells(line: str) -> list[str]:
    """The cells of a line, separated by commas or whitespace."""
    return re.split(r"\s*,\s*|\s+", line.strip())


def named_rows(
    path: Path,
    lines: Iterable[tuple[int, Sequence[str]]],
    count: int,
    expected: str,
    known: Collection[str] | None = None,
) -> Iterator[NamedRow]:
    """Yields a table's rows, without its headers and its row numbers.

    Lines before the first row may be headers: column names (`name,score`), column numbers of pandas (`0,1,2`), an
    empty first cell (`,name,score`), or a single integer. Empty lines are skipped.

    Args:
        path: Named in messages.
        lines: Each line's number, from 1, and its cells.
        count: Number of numbers after a name.
        expected: A description of a row, such as "an image's name and 10 numbers".
        known: The valid names, if a header could be mistaken for a row or a row for a header: then at most one line
            is a header, and a line with one of these names is not.

    Raises:
        DataError: A line is neither a row nor a header, or could be both.
    """
    width = None
    named = False
    for number, written in lines:
        place = f"{path}, line {number}"
        cells = _without_last_comma([cell.strip() for cell in written], count)
        if not any(cells) or (width is None and len(cells) == 1 and _is_integer(cells[0])):
            continue
        if width is None and not (named and known is not None) and _is_header(cells, count):
            if known is None or not _is_known(cells, count, known):
                named = True
                continue
            if _is_numbered(cells):
                line = short(",".join(cells))
                raise DataError(
                    f"{place}: expected {expected}, or column names; {line!r} could be either. "
                    "Name the columns, or write the number with a decimal point."
                )
        fits = width == len(cells) if width else len(cells) in (count + 1, count + 2)
        if not fits or (len(cells) == count + 2 and not _is_integer(cells[0])):
            numbered = " after the row number" if width == count + 2 else ""
            raise DataError(f"{place}: expected {expected}{numbered}, found {short(','.join(cells))!r}.")
        width = len(cells)
        yield NamedRow(place, cells[-count - 1], cells[-count:])


def _is_header(cells: Sequence[str], count: int) -> bool:
    """Whether a line before the first row is a header."""
    if len(cells) == 1:
        return count > 1
    numbers = cells[-count:]
    if _is_numbered(cells) or not any(map(_is_number, numbers)):
        return True
    # A name cannot be empty, and no image has the points 0, 1, 2, 3, ...
    return cells[0] == "" or (count > 1 and [str(place) for place in range(count)] == list(numbers))


def _without_last_comma(cells: list[str], count: int) -> list[str]:
    """Removes an empty last cell, unless the line could be a row whose last number is missing."""
    could_lack = len(cells) == count + 2 and _is_integer(cells[0])
    return cells[:-1] if len(cells) > 1 and not cells[-1] and not could_lack else cells


def _is_known(cells: Sequence[str], count: int, known: Collection[str]) -> bool:
    return len(cells) > count and cells[-count - 1] in known


def _is_numbered(cells: Sequence[str]) -> bool:
    """Whether these are pandas' default column names, with or without the empty cell above the row numbers."""
    names = cells[1:] if cells[0] == "" else cells
    return list(names) == [str(place) for place in range(len(names))]


def _is_integer(cell: str) -> bool:
    return re.fullmatch(r"\d+", cell) is not None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
