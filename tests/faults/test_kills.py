"""A run that is killed again and again, at each stage, ends with the bits of one that was not.

A stage is killed when it has begun, before its manifest is written, and before it gets its name; what works for a
while is killed in its midst, too. The runs of all stages are started at once, on as many cores as there are.
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.forks import forked
from tests.faults.trap import Trap
from tests.faults.whole_run import Left, left, published, shadow_attack

# The stages of a run with a shadow attack, in their order; the second of a name are the shadow model's, or at the
# size that victims are trained from.
STAGES = [
    ("split", 1),
    ("disjoint", 1),
    ("pairs", 1),
    ("victim", 1),
    ("pairs", 2),
    ("queries", 1),
    ("reconstruction", 1),
    ("difficulty", 1),
    ("blind", 1),
    ("descriptors", 1),
    ("nearest_members", 1),
    ("shadow_model", 1),
    ("queries", 2),
    ("classifier", 1),
    ("shadow_scores", 1),
]
RESUMING = ("victim", "shadow_model")
# These work for half a second and more on a machine of today.
SLOW = ("difficulty", "classifier", "shadow_scores")
MIDST = 0.1
REPORT = ("metrics.json", "scores.parquet", "figures/.*roc.png", "report.html")


@dataclass(frozen=True)
class Broken:
    """A run that was killed several times.

    Attributes:
        kills: How often.
        log: What the runs after the first kill said.
        left: What the last run left, which nobody killed.
    """

    kills: int
    log: str
    left: Left


def traps(stage: str, number: int) -> list[Trap]:
    """Where a stage is killed, one run after the other."""
    work = rf"artifacts/{stage}/\w+\.work"
    # What was done before the first kill is not done again.
    found = [Trap("os.scandir", f"{work}$", occurrence=number)]
    if stage in RESUMING:
        found += [
            Trap("os.rename", rf"{work}/.*\.{name}") for name in ("resume.ckpt", "generator-0002.safetensors")
        ]
    if stage in SLOW:
        found += [Trap("os.scandir", f"{work}$", after=MIDST)]
    return [*found, Trap("open", rf"{work}/manifest\.json"), Trap("os.rename", f"{work}$")]


def broken(dataset: Path, cwd: Path, stage: str, number: int) -> Broken:
    """Kills a run at each of a stage's traps, and lets it end."""
    log = ""
    folder = cwd / "outputs" / "artifacts" / stage
    steps = traps(stage, number)
    for trap in steps:
        outcome = forked(*shadow_attack(dataset), cwd=cwd, before=trap)
        assert outcome.status == -signal.SIGKILL, f"not caught by {trap}: {outcome.err}"
        (work,) = folder.glob("*.work")
        assert not work.with_suffix("").exists(), f"killed after {stage}, not in it"
        done = {str(Path(name).parent) for name in published(cwd / "outputs")}
        assert sum(name.startswith(f"{stage}/") for name in done) == number - 1
        log += outcome.err
    outcome = forked(*shadow_attack(dataset), cwd=cwd)
    assert outcome.status == 0, outcome.err
    return Broken(len(steps), log + outcome.err, left(cwd / "outputs"))


@pytest.fixture(scope="module")
def uninterrupted(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    cwd = tmp_path_factory.mktemp("uninterrupted")
    outcome = forked(*shadow_attack(folder_dataset), cwd=cwd)
    assert outcome.status == 0, outcome.err
    return left(cwd / "outputs")


@pytest.fixture(scope="module")
def runs(
    folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[tuple[str, int], Future[Broken]]]:
    selected = {item.nodeid for item in request.session.items}
    wanted = [stage for stage in STAGES if any(nodeid.endswith(f"[{stage[0]}-{stage[1]}]") for nodeid in selected)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            stage: pool.submit(broken, folder_dataset, tmp_path_factory.mktemp("killed"), *stage)
            for stage in wanted
        }
        pool.shutdown(cancel_futures=True)


def test_all_stages_are_killed(uninterrupted: Left) -> None:
    folders = {Path(name).parent for name in uninterrupted.artifacts}
    assert sorted(folder.parts[0] for folder in folders) == sorted(name for name, _ in STAGES)
    assert sum(len(traps(*stage)) for stage in STAGES) + len(REPORT) >= 30


@pytest.mark.parametrize(("stage", "number"), STAGES)
def test_a_run_that_is_killed_in_a_stage(
    uninterrupted: Left, runs: dict[tuple[str, int], Future[Broken]], stage: str, number: int
) -> None:
    run = runs[stage, number].result(timeout=600)
    assert run.kills >= 3
    assert dict(run.left.artifacts.items() ^ uninterrupted.artifacts.items()) == {}
    assert run.left == uninterrupted
    assert ("training resumes from" in run.log) == (stage in RESUMING)


def test_a_run_that_is_killed_while_it_reports(folder_dataset: Path, tmp_path: Path, uninterrupted: Left) -> None:
    words = shadow_attack(folder_dataset)
    for name in REPORT:
        outcome = forked(*words, cwd=tmp_path, before=Trap("os.rename", rf"runs/only/.*{name}"))
        assert outcome.status == -signal.SIGKILL, outcome.err
        assert published(tmp_path / "outputs") == uninterrupted.artifacts
        assert not (tmp_path / "outputs/runs/only/report.html").exists(), "where the page is, all is"
    outcome = forked(*words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert left(tmp_path / "outputs") == uninterrupted
