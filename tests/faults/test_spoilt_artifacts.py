"""Every file of every kind of artifact, spoilt in four ways: refused by name or made again, and never read."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import mia_exp
from mia_exp.config import Config
from mia_exp.config.command_line import read_command
from mia_exp.core import artifacts
from mia_exp.core.errors import StorageError
from mia_exp.pipeline import Pipeline
from tests.cli import tiny
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
        "descriptors",
        "difficulty",
        "disjoint",
        "nearest_members",
        "pairs",
        "queries",
        "reconstruction",
        "shadow_model",
        "shadow_scores",
        "split",
        "victim",
    ],
}


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


def found_again(config: Config) -> pd.DataFrame:
    """The scores of a run that reads what is there, as a process that has just begun."""
    artifacts._verify_checksums.cache_clear()
    pipeline = Pipeline(config)
    pipeline.run()
    return pipeline.scores


def used(outputs: Path, run: str) -> set[str]:
    """The names of the artifacts that a run read."""
    text = (outputs / "runs" / run / "metrics.json").read_text()
    return {key[:20] for key in re.findall(r'"([0-9a-f]{64})"', text)}


def test_every_kind_of_artifact_is_spoilt(outputs: Path) -> None:
    package = Path(mia_exp.__file__).parent
    files = [*(package / "pipeline").glob("*.py"), *(package / "attacks").glob("*.py")]
    source = "".join(path.read_text() for path in files)
    kinds = {*re.findall(r'(?:\bStage|\.stage)\("(\w+)"', source), "victim", "shadow_model"}
    assert sorted(kinds) == sorted(kind for of_run in KINDS.values() for kind in of_run)
    assert {path.name for path in (outputs / "artifacts").iterdir()} == kinds


@pytest.mark.parametrize(("run", "kind"), [(run, kind) for run, kinds in KINDS.items() for kind in kinds])
def test_a_spoilt_file_is_named_or_made_again(
    commands: dict[str, list[str]],
    outputs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: str,
    kind: str,
) -> None:
    copy = shutil.copytree(outputs, tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    (job,) = read_command(commands[run]).jobs
    expected = found_again(job.config)
    folders = [path for path in Path("outputs/artifacts", kind).iterdir() if path.name in used(copy, run)]
    assert folders
    for folder in folders:
        for path in sorted(folder.iterdir()):
            kept = path.read_bytes()
            for damage in DAMAGE:
                damage(path)
                try:
                    scores = found_again(job.config)
                except StorageError as error:
                    assert str(error).startswith((f"{path}: ", f"{folder}: "))
                    assert re.search(rf"Delete the folder( {folder})?, and the next run makes it again", str(error))
                else:
                    # Made again, or damage to what nothing depends on, such as the name of a device.
                    assert path.name == "manifest.json"
                    published(copy)
                    assert scores.equals(expected)
                if folder.exists():
                    path.write_bytes(kept)
        path.write_bytes(kept[: len(kept) // 2])
        outcome = forked(*commands[run], cwd=tmp_path)
        assert outcome.status == 1 and "Traceback" not in outcome.err
        assert outcome.err.count("error: ") == 1 and f"error: {path}: " in outcome.err
        shutil.rmtree(folder)
        assert found_again(job.config).equals(expected)
        published(copy)
