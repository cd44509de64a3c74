"""Kills a process at a chosen step of its work on files."""

import os
import re
import signal
import sys
import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trap:
    """Kills the process that calls it, once it comes to a step.

    Attributes:
        event: What Python does there, by its audit event, such as `os.rename`, or `open` for writing.
        path: A pattern of the path that it does it to.
        occurrence: Which of several such steps, from 1.
        after: How many seconds later; 0 kills before the step is taken.
    """

    event: str
    path: str
    occurrence: int = 1
    after: float = 0.0

    def __call__(self) -> None:
        """Sets the trap."""
        seen = 0

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            if event != self.event or not isinstance(arguments[0], str | os.PathLike):
                return
            if event == "open" and "w" not in (arguments[1] or ""):
                return
            if not re.search(self.path, os.fspath(arguments[0])):
                return
            seen += 1
            if seen != self.occurrence:
                return
            if self.after == 0:
                kill()
            threading.Timer(self.after, kill).start()

        sys.addaudithook(hook)


def kill() -> None:
    """Ends this process at once: nothing of it runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)
