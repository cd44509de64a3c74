"""How far long work is: a bar on a terminal, and elsewhere a line a minute in the log."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")
Clock = Callable[[], float]

# Between two lines; what takes less in all prints none.
LINE_SECONDS = 60.0

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """What takes note of how far its tasks are; rich's `Progress` is one."""

    def add_task(self, description: str, *, total: float | None, note: str) -> TaskID:
        """Begins a task of `total` steps, or of unknown length."""

    def update(
        self,
        task_id: TaskID,
        *,
        total: float | None = None,
        completed: float | None = None,
        advance: float | None = None,
        **fields: Any,
    ) -> None:
        """Says how many steps of a task are done, or how many more; and, as `note`, what else is worth knowing."""

    def advance(self, task_id: TaskID) -> None:
        """One more step of a task is done."""


@contextmanager
def progress_bar(clock: Clock = time.monotonic) -> Iterator[Reporter]:
    """Shows how far the tasks are that are added to it: description, share, time taken, time left, note.

    On a terminal that is a bar. Where standard output is none, it is a line a minute in the log, at level INFO.

    Args:
        clock: Tells the time of the lines, in seconds.
    """
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        yield _Lines(clock)
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        yield progress


def track(items: Iterable[T], description: str, total: int, clock: Clock = time.monotonic) -> Iterator[T]:
    """Yields `items`, and shows how far they are of `total`."""
    with progress_bar(clock) as progress:
        task = progress.add_task(description, total=total, note="")
        for item in items:
            yield item
            progress.advance(task)


def duration(seconds: float) -> str:
    """A time as a person says it: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5970:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


@dataclass
class _Task:
    """A task, as far as it is.

    Attributes:
        description: What is done.
        total: Steps in all; None where nobody knows.
        note: What else is worth knowing.
        started: When it began.
        due: When its next line is.
        completed: Steps that are done.
        first: When something was first known to be done, and how much. The pace is taken from there: before it lie
            what has to be loaded, and the steps that a resumed training need not make again.
    """

    description: str
    total: float | None
    note: str
    started: float
    due: float
    completed: float = 0
    first: tuple[float, float] | None = None

    def line(self, now: float) -> str:
        """`training: 30 %, 5 min so far, about 12 min left, epoch 30 of 100`."""
        share = f"{int(100 * self.completed / self.total)} %" if self.total else ""
        left = self._left(now)
        ahead = "" if left is None else f"about {duration(left)} left"
        parts = (share, f"{duration(now - self.started)} so far", ahead, self.note)
        return f"{self.description}: {', '.join(part for part in parts if part)}"

    def _left(self, now: float) -> float | None:
        if not self.total or self.first is None:
            return None
        since, before = self.first
        if self.completed <= before or now <= since:
            return None
        return max(0.0, self.total - self.completed) * (now - since) / (self.completed - before)


class _Lines:
    """Writes a line of each task to the log, once a minute.

    It writes when it is told of a step, not from a thread: a process that data loaders are forked from has none.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: list[_Task] = []

    def add_task(self, description: str, *, total: float | None, note: str) -> TaskID:
        now = self._clock()
        self._tasks.append(_Task(description, total, note, now, now + LINE_SECONDS))
        return TaskID(len(self._tasks) - 1)

    def update(
        self,
        task_id: TaskID,
        *,
        total: float | None = None,
        completed: float | None = None,
        advance: float | None = None,
        **fields: Any,
    ) -> None:
        task, now = self._tasks[task_id], self._clock()
        task.total = task.total if total is None else total
        task.completed = (task.completed if completed is None else completed) + (advance or 0)
        task.note = fields.get("note", task.note)
        if task.first is None:
            task.first = now, task.completed
        # The end of a stage has a line of its own.
        if now >= task.due and task.completed != task.total:
            log.info("%s", task.line(now))
            task.due = now + LINE_SECONDS

    def advance(self, task_id: TaskID) -> None:
        self.update(task_id, advance=1)
