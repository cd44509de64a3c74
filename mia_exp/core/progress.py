"""Progress of long work: a bar on a terminal, otherwise one line per minute in the log."""

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

# Seconds between two log lines; shorter work logs none.
LOG_INTERVAL_SECONDS = 60.0

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Records the progress of tasks; rich's `Progress` is one."""

    def add_task(self, description: str, *, total: float | None, note: str) -> TaskID:
        """Starts a task of `total` steps, or of unknown length."""

    def update(
        self,
        task_id: TaskID,
        *,
        total: float | None = None,
        completed: float | None = None,
        advance: float | None = None,
        **fields: Any,
    ) -> None:
        """Sets how many steps of a task are done, or adds some; `note` is text that is shown beside them."""

    def advance(self, task_id: TaskID) -> None:
        """Adds one completed step."""


@contextmanager
def progress_bar(clock: Clock = time.monotonic) -> Iterator[Reporter]:
    """Shows the progress of tasks: description, percentage, elapsed and remaining time, note.

    On a terminal it is a bar; otherwise one line per minute in the log, at level INFO.

    Args:
        clock: Returns the time for the log lines, in seconds.
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
    """Yields `items`, and shows the progress towards `total`."""
    with progress_bar(clock) as progress:
        task = progress.add_task(description, total=total, note="")
        for item in items:
            yield item
            progress.advance(task)


def duration(seconds: float) -> str:
    """A rounded time with its unit: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5970:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


@dataclass
class _Task:
    """The state of a task.

    Attributes:
        description: What is done.
        total: Number of steps; None if unknown.
        note: Text that is shown beside the progress.
        started: When it started.
        due: When the next line is logged.
        completed: Steps that are done.
        first: Time and completed steps at the first update. The speed is measured from there, which leaves out
            loading and the steps that a resumed training does not repeat.
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
    """Writes one line per task and minute to the log.

    It writes when a step is reported, not from a thread, since data loaders are forked from this process.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: list[_Task] = []

    def add_task(self, description: str, *, total: float | None, note: str) -> TaskID:
        now = self._clock()
        self._tasks.append(_Task(description, total, note, now, now + LOG_INTERVAL_SECONDS))
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
        # The end of a stage is logged by the artifact store.
        if now >= task.due and task.completed != task.total:
            log.info("%s", task.line(now))
            task.due = now + LOG_INTERVAL_SECONDS

    def advance(self, task_id: TaskID) -> None:
        self.update(task_id, advance=1)
