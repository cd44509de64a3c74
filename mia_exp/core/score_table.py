"""Tables of scores: one row per id, one column per score, never a membership label."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

FILE = "columns.parquet"
ID = "id"


def score_table(ids: Sequence[str], **columns: object) -> pd.DataFrame:
    """A table indexed by id, from columns (N,) in the order of the ids."""
    return pd.DataFrame(columns, index=pd.Index(list(ids), name=ID))


def save_table(folder: Path, table: pd.DataFrame) -> None:
    """Writes `columns.parquet`: the ids and one column per score."""
    table.reset_index().to_parquet(folder / FILE, index=False)


def load_table(folder: Path) -> pd.DataFrame:
    """Reads what `save_table` wrote, indexed by id."""
    return pd.read_parquet(folder / FILE).set_index(ID)


def batches(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """Splits ids into lists of `size`; the last one may be shorter."""
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])


def numbered_batches(ids: Sequence[str], size: int) -> Iterator[tuple[slice, list[str]]]:
    """Splits ids as `batches` does, and yields each list with the slice of its rows."""
    for start in range(0, len(ids), size):
        yield slice(start, min(start + size, len(ids))), list(ids[start : start + size])
