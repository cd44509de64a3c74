"""The command line in processes that are forked from one that has imported everything: a start takes no seconds.

They are processes of their own all the same: each may be killed, and shares nothing with another.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

from tests.cli import Outcome

WARM = "tests.faults.warm"


class Forked:
    """A command line at work, with the methods of `subprocess.Popen` that tests use.

    Args:
        words: The command line.
        cwd: Where it runs.
        environment: More variables.
        before: Called in the process first, such as to set a trap; it is pickled.
    """

    def __init__(
        self,
        *words: str,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        before: Callable[[], object] | None = None,
    ) -> None:
        self._printed = tempfile.TemporaryDirectory()
        self._files = [Path(self._printed.name, name) for name in ("out", "err")]
        for file in self._files:
            file.touch()
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload([WARM])
        arguments = (words, cwd, dict(environment or {}), before, self._files)
        self._process = server.Process(target=_run, args=arguments)
        # For the server, which the first process starts.
        with patch.dict(os.environ, OMP_NUM_THREADS="1"):
            self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Waits for the end; returns what was printed.

        Raises:
            TimeoutError: It did not end, and was killed.
        """
        self._process.join(timeout)
        out, err = (file.read_text() for file in self._files)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"at work after {timeout} s:\n{err}")
        return out, err


def forked(
    *words: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], object] | None = None,
) -> Outcome:
    """Runs the command line to its end in a process of its own."""
    process = Forked(*words, cwd=cwd, environment=environment, before=before)
    out, err = process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, out, err)


def _run(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    before: Callable[[], object] | None,
    files: Sequence[Path],
) -> None:
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY), number)
    os.chdir(cwd)
    os.environ.update(environment)
    sys.argv = ["mia-exp", *words]
    if before is not None:
        before()
    from mia_exp.__main__ import main

    main()
