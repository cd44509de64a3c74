"""A terminal that lacks characters, and names that look like markup: what was worked out is shown all the same."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mia_exp.core.terminal import plain_console, replace_unencodable
from mia_exp.reproduce.__main__ import main as reproduce
from tests.cli import start, tiny
from tests.faults.forks import forked

# What a terminal can be asked to print in; the last is a locale without letters beyond ASCII.
TERMINALS: dict[str, Mapping[str, str]] = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.parametrize("terminal", TERMINALS)
def test_a_run_and_its_plan_in_what_a_terminal_has(folder_dataset: Path, tmp_path: Path, terminal: str) -> None:
    # Real processes: a fork has its streams already.
    for more in ([], ["dry_run=true"]):
        process = start(*tiny(folder_dataset, *more), cwd=tmp_path, environment=TERMINALS[terminal])
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert ("Plan" if more else "L_mem - L_rec") in out
        assert out.isascii() and "Traceback" not in err


class Terminal(io.TextIOWrapper):
    """A stream with an encoding, whose bytes can be read."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding, write_through=True)

    @property
    def shown(self) -> bytes:
        return self.bytes.getvalue()


def terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Puts a terminal of an encoding in the place of both streams."""
    out = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", out)
    return out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_stands_for_what(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(encoding, monkeypatch)
    with pytest.raises(UnicodeEncodeError):
        sys.stdout.write("−")
    replace_unencodable()
    sys.stdout.write("0.5 − 1 → 2 × 3 – “ok” 猫🙂 \udcff")
    times = "×".encode(encoding, errors="replace").replace(b"?", b"x")
    assert screen.shown == b"0.5 - 1 > 2 " + times + b' 3 - "ok" ?? \xff'


def test_mia_reproduce_in_what_a_terminal_has(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal("ascii", monkeypatch)
    monkeypatch.setattr(sys, "argv", ["mia-reproduce", "nothing−to−do"])
    with pytest.raises(SystemExit):
        reproduce()
    assert b"nothing-to-do: expected all, status, page" in screen.shown


def test_an_error_names_a_file_beyond_ascii(tmp_path: Path) -> None:
    words = ["dataset=folder", 'dataset.root="Bilder−für"']
    process = start(*words, cwd=tmp_path, environment={"PYTHONIOENCODING": "ascii"})
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: " in err and "Bilder-f?r" in err and "Traceback" not in err


def test_brackets_and_colons_in_names_are_printed_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain_console().print("[/red] [bold]x[/bold] :smile:")
    assert capsys.readouterr().out == "[/red] [bold]x[/bold] :smile:\n"


@pytest.mark.parametrize("more", [[], ["dry_run=true"], ["-m", "attack.alpha=0,1"]])
def test_a_run_with_markup_in_its_names(folder_dataset: Path, tmp_path: Path, more: list[str]) -> None:
    names = ["name='[red]:smile:'", "output_dir='[/bold]'", "dataset.name='[/green]'"]
    outcome = forked(*more, *tiny(folder_dataset, *names), cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert "[/green]" in outcome.out
    if "dry_run=true" not in more:
        assert "[/bold]/runs/[red]:smile:/" in outcome.out
        assert list(tmp_path.glob("[[]/bold]/runs/[[]red]:smile:/*/*.html"))
