"""Progress bars with an estimate of the time left; silent where standard output is no terminal."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar that tasks are added to: description, share, elapsed time, ETA."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(file=sys.stdout)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress


def track(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yields `items` under a bar of `total` steps."""
    with progress_bar() as progress:
        task = progress.add_task(description, total=total, note="")
        for item in items:
            yield item
            progress.advance(task)
