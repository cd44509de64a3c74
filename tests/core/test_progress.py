"""Progress without a terminal: one line per minute in the log. No test waits for one."""

import io
import logging
from pathlib import Path

import pytest

from mia_exp.core import progress
from mia_exp.core.progress import duration, progress_bar, track
from tests.cli import mia_exp, tiny


class Clock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """The log, while standard output is no terminal."""
    monkeypatch.setattr("sys.stdout", io.StringIO())
    caplog.set_level(logging.INFO, "mia_exp.core.progress")
    return caplog


def test_a_training_of_half_an_hour_says_each_minute_how_far_it_is(
    clock: Clock, logged: pytest.LogCaptureFixture
) -> None:
    with progress_bar(clock) as bar:
        task = bar.add_task("training", total=3600, note="")
        for step in range(1, 3601):
            clock.now += 0.5
            bar.update(task, completed=step, note=f"epoch {step // 36} of 100, L1 0.0612")
    # One at each of 29 whole minutes; at the 30th it has ended.
    assert len(logged.messages) == 29
    # After 9 of 30 minutes, 21 are left.
    assert logged.messages[8] == "training: 30 %, 9 min so far, about 21 min left, epoch 30 of 100, L1 0.0612"


def test_less_than_a_minute_says_nothing(clock: Clock, logged: pytest.LogCaptureFixture) -> None:
    for _ in track(range(59), "scoring", 59, clock):
        clock.now += 1
    assert logged.messages == []


def test_slow_steps_say_one_line_each(clock: Clock, logged: pytest.LogCaptureFixture) -> None:
    """Each of 4 images takes 90 s; the time before the first one is known is not the pace of the others."""
    for _ in track(range(4), "scoring", 4, clock):
        clock.now += 90
    assert logged.messages == [
        "scoring: 25 %, 2 min so far",
        "scoring: 50 %, 3 min so far, about 3 min left",
        "scoring: 75 %, 4 min so far, about 2 min left",
    ]


def test_what_was_trained_before_does_not_count_for_the_pace(
    clock: Clock, logged: pytest.LogCaptureFixture
) -> None:
    """Resumed at epoch 80 of 100, with 2 minutes an epoch: half of the 20 are left after 20 minutes."""
    with progress_bar(clock) as bar:
        task = bar.add_task("training", total=100, note="")
        bar.update(task, completed=80)
        for epoch in range(81, 91):
            clock.now += 120
            bar.update(task, completed=epoch)
    assert logged.messages[-1] == "training: 90 %, 20 min so far, about 20 min left"


def test_an_unknown_length_has_neither_percentage_nor_remaining_time(
    clock: Clock, logged: pytest.LogCaptureFixture
) -> None:
    with progress_bar(clock) as bar:
        task = bar.add_task("downloading facades", total=None, note="")
        for received in (1_000_000, 31_500_000):
            clock.now += 45
            bar.update(task, completed=received, note=f"{received // 10**6} MB")
        clock.now += 60
        bar.update(task, completed=60_000_000, total=120_000_000, note="60 MB")
    # 59 MB in 105 s leave as much for 60 MB.
    assert logged.messages == [
        "downloading facades: 2 min so far, 31 MB",
        "downloading facades: 50 %, 2 min so far, about 2 min left, 60 MB",
    ]


def test_a_terminal_shows_a_bar_and_logs_nothing(
    clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    caplog.set_level(logging.INFO)
    for _ in track(range(3), "scoring", 3, clock):
        clock.now += 100
    assert "scoring" in terminal.getvalue() and "100%" in terminal.getvalue()
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (45, "45 s"), (59.6, "1 min"), (720, "12 min"), (5900, "98 min"), (12600, "3.5 h")],
)
def test_a_duration_is_said_as_a_person_would(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_every_long_part_of_a_run_says_so_on_standard_error_and_in_its_log(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LOG_INTERVAL_SECONDS", 0.0)
    words = tiny(
        folder_dataset,
        "attack=shadow",
        "victim.batch_size=1",
        "attack.classifier.max_epochs=2",
        "attack.classifier.patches=2",
        "shadow.n_pairs=4",
        "split.n_shadow=8",
        "query.batch_size=1",
        "difficulty.batch_size=1",
        "hydra.run.dir=run",
    )
    outcome = mia_exp(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    kept = (tmp_path / "run/run.log").read_text()
    for what in (
        "decoding pairs",
        "training",
        "querying the victim",
        "scoring difficulty",
        "training the classifier",
        "scoring loss maps",
    ):
        assert f"\n{what}: " in outcome.err
        assert f"mia_exp.core.progress: {what}: " in kept
        assert f"{what}: " not in outcome.out
    assert "left, epoch 1 of 2, L1 0." in outcome.err
