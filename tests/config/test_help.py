"""`--help`: short, complete, of one's own parts too, and without waiting for a learning library."""

import subprocess
import sys
from pathlib import Path

import pytest

from mia_exp.config.components import groups
from mia_exp.core.component import target_of
from mia_exp.core.conf_folder import CONF
from mia_exp.data.readers.folder import FolderDataset
from tests.cli import mia_exp
from tests.discovery import choices

# Two screens.
MAX_LINES = 100


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    outcome = mia_exp("--help", cwd=tmp_path_factory.mktemp("help"))
    assert outcome.status == 0 and not outcome.err
    return outcome.out


def listed(text: str) -> dict[str, list[str]]:
    """The choices of each group, as the help lists them."""
    entries: dict[str, list[str]] = {}
    part = text.partition("Groups and their choices\n")[2].partition("\n\n")[0]
    for line in part.splitlines():
        head, rest = line[:16].strip(), line[16:]
        if head:
            name = head
        entries.setdefault(name, []).extend(word for word in rest.replace(",", " ").split())
    return entries


def test_it_fits_on_two_screens(printed: str) -> None:
    lines = printed.splitlines()
    assert len(lines) <= MAX_LINES
    # As wide as the examples, which are to be copied.
    assert max(map(len, lines)) <= 110


def test_it_lists_every_choice_of_every_group(printed: str) -> None:
    found = listed(printed)
    for group in groups():
        assert found[group] == sorted(choice.name for choice in choices(group)), group
    experiments = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))
    assert found["experiment"] == experiments
    assert set(found) == {*groups(), "experiment", "scale"}


def test_settings_are_those_of_what_is_chosen(tmp_path: Path) -> None:
    text = mia_exp("--help", "victim=pix2pixhd", "attack.alpha=7", cwd=tmp_path).out
    assert "discriminator_scales=" in text and "alpha=7" in text
    assert "discriminator_scales=" not in mia_exp("--help", cwd=tmp_path).out


def test_ones_own_parts_are_listed_beside_the_others(printed: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    for path, text in {
        "dataset/mine.yaml": f"_target_: {target_of(FolderDataset)}\n",
        "experiment/my_study.yaml": "# @package _global_\nname: my study\n",
    }.items():
        (own / path).parent.mkdir(parents=True)
        (own / path).write_text(text)
    found = listed(mia_exp("--config-dir", str(own), "--help", cwd=tmp_path).out)
    before = listed(printed)
    assert set(found["dataset"]) - set(before["dataset"]) == {"mine"}
    assert set(found["experiment"]) - set(before["experiment"]) == {"my_study"}


@pytest.mark.parametrize("words", [["--help"], ["--cfg", "job"]])
def test_no_learning_library_is_loaded_for_it(words: list[str], tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from mia_exp.__main__ import main\n"
        "main()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()[-1].split()
    assert "hydra" in loaded and done.stdout
    slow = {"torch", "pytorch_lightning", "timm", "torchvision", "sklearn", "scipy", "matplotlib"}
    found = slow & set(loaded)
    assert not found


def test_a_mistake_beside_it_is_named(tmp_path: Path) -> None:
    outcome = mia_exp("--help", "attack=owrs", cwd=tmp_path)
    assert outcome.status == 1 and "attack=owrs: there is no such choice. Did you mean ours?" in outcome.err
