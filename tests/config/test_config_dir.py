"""A person's own folder of configurations: it works as the package's does, and what is wrong in it is named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mia_exp.config.command_line import read_command
from mia_exp.core.component import target_of
from mia_exp.core.errors import ConfigError
from mia_exp.data.readers.folder import FolderDataset
from tests.cli import mia_exp, tiny

EXPERIMENT = """\
# @package _global_
defaults:
  - override /dataset: mine
name: my experiment
attack:
  alpha: 2
"""
SWEEP = """\
# @package _global_
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      attack.alpha: 0,1
"""


@pytest.fixture
def own(tmp_path: Path, folder_dataset: Path) -> Path:
    """A folder with an experiment, a sweep and a dataset of one's own."""
    folder = tmp_path / "own"
    for path, text in {
        "experiment/mine.yaml": EXPERIMENT,
        "experiment/swept.yaml": SWEEP,
        "dataset/mine.yaml": f"_target_: {target_of(FolderDataset)}\nname: mine\nroot: {folder_dataset}\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_an_experiment_over_a_dataset_of_ones_own(own: Path, tmp_path: Path, folder_dataset: Path) -> None:
    words = tiny(folder_dataset)[1:]
    outcome = mia_exp("--config-dir", str(own), "experiment=mine", *words, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert "Which images of mine" in outcome.out
    assert list(tmp_path.glob("outputs/runs/my experiment/*/report.html"))


def test_a_sweep_of_ones_own_with_a_word_after_the_experiment(
    own: Path, tmp_path: Path, folder_dataset: Path
) -> None:
    words = tiny(folder_dataset, "dataset=mine")[1:]
    outcome = mia_exp("experiment=swept", *words, f"--config-dir={own}", cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    jobs = sorted(path.parent.name for path in tmp_path.glob("outputs/runs/mine/*/*/metrics.json"))
    assert jobs == ["0", "1"] and list(tmp_path.glob("outputs/runs/mine/*/sweep.html"))


def test_the_settings_of_ones_own_are_checked_too(own: Path) -> None:
    (command,) = read_command(["--config-dir", str(own), "experiment=mine"]).jobs
    assert isinstance(command.config.dataset, FolderDataset)
    assert command.config.attack.alpha == 2
    (own / "experiment/mine.yaml").write_text(EXPERIMENT.replace("alpha: 2", "alfa: 2"))
    with pytest.raises(ConfigError, match=r"attack\.alfa: there is no such setting. Did you mean alpha\?"):
        read_command(["--config-dir", str(own), "experiment=mine"])


def missing(own: Path) -> Path:
    return own / "nowhere"


def a_file(own: Path) -> Path:
    return own / "experiment/mine.yaml"


def broken(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_text("attack:\n  alpha: [1\nname: x\n")
    return own


def not_utf_8(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_bytes(b"# @package _global_\nname: caf\xe9\n")
    return own


def a_list(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_text("- attack\n")
    return own


def a_number(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_text("3\n")
    return own


def a_tab(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_text("attack:\n\talpha: 1\n")
    return own


def no_such_default(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_text(EXPERIMENT.replace("dataset: mine", "dataset: yours"))
    return own


def no_package(own: Path) -> Path:
    (own / "experiment/mine.yaml").write_text("attack:\n  alpha: 2\n")
    return own


def a_folder(own: Path) -> Path:
    (own / "experiment/mine.yaml").unlink()
    (own / "experiment/mine.yaml").mkdir()
    return own


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (missing, r"^--config-dir .*/nowhere: expected a folder of configurations, found none$"),
        (a_file, r"^--config-dir .*/mine.yaml: expected a folder of configurations, found a file$"),
        (broken, r"mine\.yaml, line 3: not YAML: "),
        (not_utf_8, r"not UTF-8 text: .*0xe9"),
        (a_list, r"^experiment: there is no such setting"),
        (a_number, r"^experiment=mine: a file that it names has no settings"),
        (a_tab, r"mine\.yaml, line 2: not YAML: "),
        (no_such_default, r"dataset=yours: there is no such choice. .*mine"),
        (no_package, r"experiment: there is no such setting\."),
        (a_folder, r"experiment=mine: there is no such choice\."),
    ],
)
def test_what_is_wrong_is_named(own: Path, spoil: Callable[[Path], Path], message: str) -> None:
    folder = spoil(own)
    with pytest.raises(ConfigError, match=message) as raised:
        read_command(["--config-dir", str(folder), "experiment=mine"])
    assert str(raised.value).isprintable()


def test_a_glob_chooses_among_the_packages_files_and_ones_own(own: Path) -> None:
    command = read_command(["-m", "attack=glob(o*)"])
    assert [job.config.attack.choice for job in command.jobs] == ["ours"]
    names = [job.overrides for job in read_command(["--config-dir", str(own), "-m", "dataset=glob(m*)"]).jobs]
    assert names == [["dataset=maps2sat"], ["dataset=mine"]]
