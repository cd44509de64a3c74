"""The package of docs/extending.md, installed outside of the repository."""

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.cli import TINY, Outcome
from tests.faults.forks import forked

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
FILE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)
METADATA = "Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n"

Run = Callable[..., Outcome]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's files, and the metadata that an installation of them would leave beside them."""
    folder = tmp_path_factory.mktemp("elsewhere")
    files = {found["path"]: found["text"] for found in FILE.finditer(PAGE.read_text(encoding="utf-8"))}
    assert len(files) == 11
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    (folder / "my_package" / "__init__.py").write_text('"""Parts of my own."""\n')
    info = folder / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    entry_points = re.search(r"\[project\.entry-points\.\"(\S+)\"\]\n(\S+) = \"(\S+)\"", files["pyproject.toml"])
    assert entry_points is not None
    group, name, value = entry_points.groups()
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    return folder


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of this folder keep artifacts: they have a dataset in common, which takes seconds to draw."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture
def run(installed: Path, artifacts: Path, tmp_path: Path) -> Run:
    """Runs a command line in a folder without runs, in a process that has the package."""
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "artifacts").symlink_to(artifacts)

    def started(*words: str, tiny: bool = True) -> Outcome:
        said = ["--config-dir", str(installed / "my_conf"), *(_tiny(words) if tiny else []), *words]
        return forked(*said, cwd=tmp_path, before=partial(_install, str(installed)))

    return started


def _install(folder: str) -> None:
    """Makes a process find the packages in a folder."""
    sys.path.insert(0, folder)


def _tiny(words: tuple[str, ...]) -> list[str]:
    """A small victim; one that is no GAN has no widths."""
    chosen = {word.partition("=")[0] for word in words}
    return [
        word
        for word in TINY
        if word.partition("=")[0] not in chosen
        and not ("victim=nearest" in words and word.startswith(("victim.ngf", "victim.ndf", "victim.epochs")))
    ]
