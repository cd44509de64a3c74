"""Running the command line, in this process or in one that can be killed."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from mia_exp.__main__ import main

# A victim that trains in a second or two.
TINY = [
    "victim.image_size=64",
    "victim.ngf=4",
    "victim.ndf=4",
    "victim.batch_size=4",
    "victim.epochs=2",
    "victim.decay_epochs=0",
    "trainer.accelerator=cpu",
    "trainer.resume_seconds=0",
    "evaluation.bootstrap=100",
]


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


def mia_exp(*words: str, cwd: Path) -> Outcome:
    """Runs the command line in a folder, without starting a process."""
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    os.chdir(cwd)
    status: int | str | None = 0
    try:
        with patch.object(sys, "argv", ["mia-exp", *words]), redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as stop:
        status = stop.code
        if isinstance(status, str):  # what the interpreter does with a message
            err.write(status)
            status = 1
    finally:
        os.chdir(before)
    return Outcome(status or 0, out.getvalue(), err.getvalue())


def start(*words: str, cwd: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Starts the command line as a process, with more variables in its environment."""
    command = [sys.executable, "-m", "mia_exp", *words]
    return subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell inherit an ignored Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def tiny(dataset: Path, *more: str) -> list[str]:
    """The words of a tiny run over a folder dataset."""
    return ["dataset=folder", f"dataset.root={dataset}", *TINY, *more]
