"""SIGTERM, which schedulers send to end a process, as an exception like Ctrl-C that some work may delay briefly."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# Exit status that shells report for a process ended by SIGTERM.
STATUS = 128 + signal.SIGTERM


class Terminated(BaseException):
    """The process received SIGTERM. Not an `Exception`, so that it is not handled as a failed job."""


def terminate(signum: int, frame: FrameType | None) -> None:
    """The handler that turns SIGTERM into `Terminated`."""
    raise Terminated


@contextmanager
def handled_by(handler: Any) -> Iterator[None]:
    """Installs `handler` for SIGTERM while the block runs; outside of the main thread, does nothing."""
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
    """Lets the block finish its current step on SIGTERM, if `terminate` is the installed handler.

    Args:
        accept: Called on SIGTERM; returns whether the block will soon raise `Terminated` itself. If it returns
            false, and on a second SIGTERM, the block ends at once.
    """
    asked = False

    def handler(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not accept():
            raise Terminated
        asked = True

    # A launcher's own handler is kept: it requeues the job.
    if signal.getsignal(signal.SIGTERM) is not terminate:
        yield
        return
    with handled_by(handler):
        yield
