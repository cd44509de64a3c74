"""Every file of every kind of artifact, spoilt in four ways: refused by name or made again, and never read.

The runs on all artifacts are started at once, on as many cores as there are.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import mia_exp
from tests.cli import Outcome, tiny
from tests.faults.forks import forked
from tests.faults.whole_run import ATTACK, published


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


DAMAGE: tuple[Callable[[Path], None], ...] = (flip, cut, empty, Path.unlink)

SMALL = ["split.n_members=5", "evaluation.bootstrap=100"]
# Runs that make an artifact of every kind together, and which kinds each is there for.
RUNS = {
    "shadow": ATTACK[:-1],
    "augmented": [*SMALL, "attack=augmented", "attack.variants=2", "defense=gauss", "defense.sigma=0.1"],
    "supervised": [*SMALL, "attack=supervised", "attack.folds=2"],
}
KINDS = {
    "augmented": ["augmented", "damage"],
    "supervised": ["regressor", "visual_search"],
    "shadow": [
        "blind",
        "classifier",
        "difficulty",
        "disjoint",
        "pairs",
        "queries",
        "reconstruction",
        "shadow_model",
        "shadow_scores",
        "split",
        "victim",
    ],
}


@dataclass(frozen=True)
class Spoilt:
    """An artifact that was spoilt in many ways.

    Attributes:
        folder: Where it lies.
        outcomes: Of the run after each damage, by the file and the damage.
        mended: How the run ended after the advice was followed.
        same: Whether the scores were then the same.
    """

    folder: Path
    outcomes: dict[tuple[str, str], Outcome]
    mended: Outcome
    same: bool


def spoil(words: Sequence[str], run: str, artifact: Path, cwd: Path) -> Spoilt:
    """Spoils an artifact's files in each way, each time in a whole copy of all that was made, and runs again."""
    whole = artifact.parents[2]
    copy = shutil.copytree(whole, cwd / "outputs")
    folder = copy / artifact.relative_to(whole)
    scores = copy / "runs" / run / "scores.parquet"
    expected = scores.read_bytes()
    outcomes = {}
    for path in sorted(folder.iterdir()):
        kept = path.read_bytes()
        for damage in DAMAGE:
            damage(path)
            outcome = outcomes[path.name, damage.__name__] = forked(*words, cwd=cwd)
            if outcome.status == 0:
                # Made again, or damage to what nothing depends on, such as the name of a device.
                published(copy)
                assert scores.read_bytes() == expected, f"other scores after {damage.__name__} of {path.name}"
            path.write_bytes(kept)
    shutil.rmtree(folder)
    mended = forked(*words, cwd=cwd)
    return Spoilt(folder.relative_to(cwd), outcomes, mended, scores.read_bytes() == expected)


@pytest.fixture(scope="module")
def commands(folder_dataset: Path, searched_photos: list[str]) -> dict[str, list[str]]:
    folder = "hydra.run.dir=${output_dir}/runs/"
    return {name: tiny(folder_dataset, *more, *searched_photos, folder + name) for name, more in RUNS.items()}


@pytest.fixture(scope="module")
def outputs(commands: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.mktemp("whole")
    for words in commands.values():
        outcome = forked(*words, cwd=cwd)
        assert outcome.status == 0, outcome.err
    return cwd / "outputs"


@pytest.fixture(scope="module")
def spoilt(
    commands: dict[str, list[str]], outputs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, list[Future[Spoilt]]]]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            kind: [
                pool.submit(spoil, commands[run], run, manifest.parent, tmp_path_factory.mktemp("spoilt"))
                for manifest in sorted(outputs.glob(f"artifacts/{kind}/*/manifest.json"))
                if manifest.parent.name in used(outputs, run)
            ]
            for run, kinds in KINDS.items()
            for kind in kinds
        }
        pool.shutdown(cancel_futures=True)


def used(outputs: Path, run: str) -> set[str]:
    """The names of the artifacts that a run read."""
    text = (outputs / "runs" / run / "metrics.json").read_text()
    return {key[:20] for key in re.findall(r'"([0-9a-f]{64})"', text)}


def test_every_kind_of_artifact_is_spoilt(outputs: Path) -> None:
    package = Path(mia_exp.__file__).parent
    source = "".join(path.read_text() for path in sorted((package / "pipeline").glob("*.py")))
    kinds = {*re.findall(r'\bStage\("(\w+)"', source), "victim", "shadow_model"}
    assert sorted(kinds) == sorted(kind for of_run in KINDS.values() for kind in of_run)
    assert {path.name for path in (outputs / "artifacts").iterdir()} == kinds


@pytest.mark.parametrize("kind", [kind for kinds in KINDS.values() for kind in kinds])
def test_a_spoilt_file_is_named_or_made_again(spoilt: dict[str, list[Future[Spoilt]]], kind: str) -> None:
    assert spoilt[kind]
    for artifact in [future.result(timeout=600) for future in spoilt[kind]]:
        for (name, damage), outcome in artifact.outcomes.items():
            case = f"{damage} of {artifact.folder / name}: {outcome.err}"
            assert "Traceback" not in outcome.err, case
            if outcome.status == 0:
                assert name == "manifest.json" and damage in ("flip", "unlink"), case
                continue
            assert outcome.status == 1, case
            (said,) = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
            assert str(artifact.folder / name) in said or f"{artifact.folder}:" in said, case
            assert f"Delete the folder {artifact.folder}," in said or "Delete the folder, and the next" in said, (
                case
            )
        assert artifact.mended.status == 0 and artifact.same, artifact.mended.err
