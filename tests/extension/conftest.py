"""The package of docs/extending.md, installed outside of the repository."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import TINY, Outcome

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


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Runs a command line in an empty folder, in a process that has the package."""

    def started(*words: str, config_dir: bool = True, tiny: bool = True) -> Outcome:
        command = [
            sys.executable,
            "-m",
            "mia_exp",
            *(["--config-dir", str(installed / "my_conf")] if config_dir else []),
        ]
        done = subprocess.run(
            [*command, *(_tiny(words) if tiny else []), *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
            capture_output=True,
            text=True,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return started


def _tiny(words: tuple[str, ...]) -> list[str]:
    """A small victim; one that is no GAN has no widths."""
    chosen = {word.partition("=")[0] for word in words}
    return [
        word
        for word in TINY
        if word.partition("=")[0] not in chosen
        and not ("victim=nearest" in words and word.startswith(("victim.ngf", "victim.ndf", "victim.epochs")))
    ]
