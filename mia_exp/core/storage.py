"""Atomic writes of files and folders, and the messages for errors of the operating system."""

import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

# If less than this is free, a failed write is reported as a full disk.
MIN_FREE_BYTES = 1 << 20
# The coarsest times of change that file systems keep: FAT's.
CLOCK_TICK_NS = 2_000_000_000


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yields a temporary path, which is renamed to `path` if the block succeeds and removed if it fails.

    The content is flushed to disk before the rename, so that a power cut leaves the old file or the new one.
    """
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def publish(work: Path, folder: Path) -> None:
    """Flushes all files of the folder `work` to disk and renames it to `folder`, which must not exist."""
    for path in work.iterdir():
        _sync(path)
    _sync(work)
    work.rename(folder)
    _sync(folder.parent)


def remove_unfinished(folder: Path) -> None:
    """Removes the temporary files that `atomic_write` left in a folder if the process was killed."""
    for path in folder.glob(".[0-9]*.*"):
        path.unlink()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal; a file that has not changed is not read again."""
    found = path.stat()
    # A file can change twice within one tick of its clock.
    if time.time_ns() - found.st_mtime_ns < CLOCK_TICK_NS:
        return _read_sha256(path)
    return _kept_sha256(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=1_000_000)
def _kept_sha256(path: Path, size: int, mtime_ns: int) -> str:
    return _read_sha256(path)


def _read_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Whether an error means that the disk of `folder` is full.

    torch and safetensors report a failed write with errors of their own, without an errno; then the free space is
    checked.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    writing = isinstance(error, OSError) or type(error).__name__ in ("RuntimeError", "SafetensorError")
    return writing and folder.exists() and shutil.disk_usage(folder).free < MIN_FREE_BYTES


def describe_non_folder(path: Path) -> str | None:
    """Describes what exists at a path where a folder is expected; None if it is a folder or does not exist."""
    # One call of stat: another process may create the folder at the same time.
    try:
        mode = path.stat().st_mode
    except OSError:
        return f"a link to {path.readlink()}, which does not exist" if path.is_symlink() else None
    if stat.S_ISDIR(mode):
        return None
    return "a file" if stat.S_ISREG(mode) else "something that is not a folder"


def os_error_message(error: OSError) -> str:
    """The operating system's error as a message that names the file and what to do."""
    path = error.filename if isinstance(error.filename, str | os.PathLike) else None
    place = f"{os.fspath(path)}: " if path else ""
    reason = error.strerror or str(error)
    return f"{place}{reason}. {_ADVICE.get(error.errno or 0, 'Fix that, and run the same command again.')}"


_OTHER_FOLDER = "set output_dir to a folder that can be written to"
_ADVICE = {
    errno.EACCES: f"Change its permissions, or {_OTHER_FOLDER}.",
    errno.EPERM: f"Change its permissions, or {_OTHER_FOLDER}.",
    errno.EROFS: f"Nothing can be written there: {_OTHER_FOLDER}.",
    errno.ENOTDIR: "A part of this path is a file where a folder is expected: move it away, or name another path.",
    errno.EEXIST: "Something else exists at this path: move it away, or name another path.",
    errno.EISDIR: "A folder exists at this path where a file is expected: move it away, or name another path.",
    errno.ENOENT: "It does not exist any more: run the same command again, and do not move files while it runs.",
    errno.ENAMETOOLONG: "Shorten `name`, or `output_dir`.",
    errno.ENOSPC: "Free some space and run the same command again; what was finished is kept.",
    errno.EDQUOT: "Free some space and run the same command again; what was finished is kept.",
}


def _sync(path: Path) -> None:
    """Flushes a file's content, or a folder's entries, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems do not support it for a folder.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)
