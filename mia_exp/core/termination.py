"""SIGTERM, by which schedulers end a process: an exception, like Ctrl-C, that some work may put off a little."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# What a shell reports of a process that SIGTERM ended.
STATUS = 128 + signal.SIGTERM


class Terminated(BaseException):
    """The process was told to end. No `Exception`, so that nothing takes it for a job that failed."""


def terminate(signum: int, frame: FrameType | None) -> None:
    """The handler that turns SIGTERM into `Terminated`."""
    raise Terminated


@contextmanager
def handled_by(handler: Any) -> Iterator[None]:
    """Hands SIGTERM to `handler` while the block runs; in other threads than the main one, does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def postponed(accept: Callable[[], bool]) -> Iterator[None]:
    """Lets the work of a block end itself when SIGTERM comes, where `terminate` handles it.

    Args:
        accept: Called when it comes; returns whether the block will soon raise `Terminated` by itself. Where it
            does not, and at a second SIGTERM, the block ends at once.
    """
    asked = False

    def handler(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not accept():
            raise Terminated
        asked = True

    # A launcher's own handler knows better: it puts the job back into its queue.
    if signal.getsignal(signal.SIGTERM) is not terminate:
        yield
        return
    with handled_by(handler):
        yield
