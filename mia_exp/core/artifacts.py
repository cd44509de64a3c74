"""Content-addressed stages: what was computed once from the same inputs is never computed again.

A stage's key is the SHA-256 of its name, version, settings and inputs' keys. Its artifact is built in a work
folder of that key, described by a manifest with the checksum of each file, and published by one rename; a lock
lets one process build while others wait. If a run is killed, the next run finds a complete artifact or none; the
work folder is kept, so that a stage that can resume continues from it.
"""

import hashlib
import json
import logging
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from mia_exp.core.errors import StorageError
from mia_exp.core.keys import canonical_json, plain
from mia_exp.core.provenance import git_commit, installed_versions
from mia_exp.core.reading import json_object, reason, typed
from mia_exp.core.storage import describe_non_folder, file_sha256, is_disk_full, publish, remove_unfinished

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
# File systems allow no longer file names.
MAX_NAME_BYTES = 255


@dataclass(frozen=True)
class Reference:
    """The name and key of a stage, for code that must not read its content.

    Attributes:
        name: Its name.
        key: Its key.
    """

    name: str
    key: str


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline, before it is run.

    Attributes:
        name: Name of the step, and of the folder of its artifacts.
        version: Increased when the code's result changes for the same settings.
        settings: All that determines the result except the inputs; dataclasses, enums and JSON types.
        inputs: The stages that it reads.
        build: Writes the artifact's files into a folder.
        resumes: Whether `build` can continue from what an interrupted call left in its folder.
        note: Sizes and counts, shown in the plan.
        work: Amount of work in any unit that the run time is proportional to. None if it is the number of
            `settings["ids"]`, or constant.
    """

    name: str
    version: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, "Stage | Reference"]
    build: Callable[[Path], None] = field(compare=False)
    resumes: bool = False
    note: str = ""
    work: float | None = None

    @cached_property
    def key(self) -> str:
        """SHA-256 over canonical JSON of all that determines the result."""
        return hashlib.sha256(canonical_json(self._identity()).encode()).hexdigest()

    @property
    def reference(self) -> Reference:
        """Its name and key."""
        return Reference(self.name, self.key)

    def _identity(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "settings": plain(self.settings),
            "inputs": {name: stage.key for name, stage in self.inputs.items()},
        }


class ArtifactStore:
    """The folder of all artifacts: `root/<stage>/<key>/`.

    Args:
        root: The folder.
        device: Names the device, for the manifests of what is made.

    Raises:
        StorageError: `root` or one of its parents is not a folder.
    """

    def __init__(self, root: Path, device: Callable[[], str]) -> None:
        self.root = root
        self._device = device
        for place in (*reversed(root.parents), root):
            _check_place(place, "Move it away, or set output_dir to another folder.")

    @property
    def device(self) -> str:
        """The device on which something would be made now."""
        return self._device()

    def folder(self, stage: Stage) -> Path:
        """The path of the stage's artifact, which need not exist."""
        return self.root / stage.name / stage.key[:20]

    def has(self, stage: Stage) -> bool:
        """Whether the artifact exists."""
        return (self.folder(stage) / MANIFEST).is_file()

    def get(self, stage: Stage) -> Path:
        """Returns the artifact's folder; builds it first if it does not exist.

        Raises:
            StorageError: The disk is full, or the artifact was changed after it was published.
        """
        folder = self.folder(stage)
        if not self.has(stage):
            for place in (folder.parent, folder, folder.with_suffix(".work")):
                _check_place(place, "Remove it, and run the same command again.")
            lock = folder.with_suffix(".lock")
            if lock.is_dir():
                raise StorageError(f"{lock}: expected a lock file, found a folder. Remove it, and run again.")
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(lock):
                if not self.has(stage):
                    self._build(stage, folder)
        _verify_checksums(folder, stage.key)
        return folder

    def manifest(self, stage: Stage) -> dict[str, Any]:
        """The manifest of an existing artifact: settings, versions, commit, device, seconds, files.

        Raises:
            StorageError: The manifest is damaged.
        """
        return _read_manifest(self.folder(stage))

    def _build(self, stage: Stage, folder: Path) -> None:
        work = folder.with_suffix(".work")
        if work.exists() and not stage.resumes:
            shutil.rmtree(work)
        started = time.perf_counter()
        try:
            work.mkdir(exist_ok=True)
            remove_unfinished(work)
            # Left by a process that was killed before it could publish; not a file of the new artifact.
            (work / MANIFEST).unlink(missing_ok=True)
            stage.build(work)
            manifest = {
                **stage._identity(),
                "key": stage.key,
                "work": stage.work,
                "seconds": round(time.perf_counter() - started, 3),
                "device": self.device,
                "git": git_commit(),
                "versions": installed_versions(),
                "files": {path.name: _describe(path) for path in sorted(work.iterdir())},
            }
            (work / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
            # Only a damaged artifact, without a manifest, can exist here.
            shutil.rmtree(folder, ignore_errors=True)
            publish(work, folder)
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


def _check_place(place: Path, advice: str) -> None:
    """Raises a StorageError if the path exists and is not a folder."""
    if found := describe_non_folder(place):
        raise StorageError(f"{place}: expected a folder, found {found}. {advice}")


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json_object(path.read_bytes())
        # Types are checked here, so that callers can rely on them.
        for name, kind in {"key": str, "device": str, "seconds": float, "files": dict}.items():
            manifest[name] = typed(manifest[name], kind, name)
        if manifest["git"] is not None:
            typed(manifest["git"], str, "git")
        if not math.isfinite(manifest["seconds"]):
            raise ValueError(f"seconds is {manifest['seconds']}")
        for name in manifest["files"]:
            plain_name = Path(name).name == name and name not in ("", "..") and name.isprintable()
            if not plain_name or len(name.encode()) > MAX_NAME_BYTES:
                raise ValueError(f"it lists a file {name!r}, which no stage writes")
        return manifest
    except Exception as error:
        raise StorageError(
            f"{path}: not a valid manifest of an artifact ({reason(error)}). Delete the folder {folder}, "
            "and the next run makes it again."
        ) from error


@lru_cache
def _verify_checksums(folder: Path, key: str) -> None:
    """Compares the files with the manifest; once per process, since an artifact never changes."""
    manifest = _read_manifest(folder)
    if manifest["key"] != key:
        raise StorageError(
            f"{folder}: made from settings other than its name says. Delete the folder, and the next run makes it "
            "again."
        )
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _describe(path) != expected:
            raise StorageError(
                f"{path}: changed or lost since it was published. Delete the folder {folder}, and the next run "
                "makes it again."
            )


def _describe(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
