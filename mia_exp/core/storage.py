"""Files and folders that appear whole or not at all, and what a disk says when they cannot."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# With less than this left, in bytes, a write that failed is taken to have failed for lack of space.
SMALLEST_FREE = 1 << 20


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends well, and is removed when it does not.

    What was written is on the disk before it gets its name: a power cut leaves the old file or the new one.
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
    """Renames the folder `work` to `folder`, which must not be there, once all its files are on the disk."""
    for path in work.iterdir():
        _sync(path)
    _sync(work)
    work.rename(folder)
    _sync(folder.parent)


def remove_unfinished(folder: Path) -> None:
    """Removes what `whole` left in a folder where the process was killed."""
    for path in folder.glob(".[0-9]*.*"):
        path.unlink()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Whether an error means that the disk of `folder` is full.

    torch and safetensors report a failed write with errors of their own, without a number; then the free space
    decides.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    writing = isinstance(error, OSError) or type(error).__name__ in ("RuntimeError", "SafetensorError")
    return writing and folder.exists() and shutil.disk_usage(folder).free < SMALLEST_FREE


def what_lies_at(path: Path) -> str | None:
    """A few words on what lies at a path where a folder is expected; None where that is a folder or nothing."""
    # Asked once: another process may make the folder meanwhile.
    try:
        mode = path.stat().st_mode
    except OSError:
        return f"a link to {path.readlink()}, where nothing is" if path.is_symlink() else None
    if stat.S_ISDIR(mode):
        return None
    return "a file" if stat.S_ISREG(mode) else "something that is no folder"


def refusal(error: OSError) -> str:
    """What the operating system refused, in a sentence that names the file and what may be done."""
    path = error.filename if isinstance(error.filename, str | os.PathLike) else None
    place = f"{os.fspath(path)}: " if path else ""
    reason = error.strerror or str(error)
    return f"{place}{reason}. {_ADVICE.get(error.errno or 0, 'Mend that, and run the same command again.')}"


_ANOTHER = "set output_dir to a folder that can be written to"
_ADVICE = {
    errno.EACCES: f"Change its permissions, or {_ANOTHER}.",
    errno.EPERM: f"Change its permissions, or {_ANOTHER}.",
    errno.EROFS: f"Nothing can be written there: {_ANOTHER}.",
    errno.ENOTDIR: "A part of this path is a file where a folder is expected: move it away, or name another path.",
    errno.EEXIST: "Something else lies at this path: move it away, or name another path.",
    errno.EISDIR: "A folder lies at this path where a file is expected: move it away, or name another path.",
    errno.ENOENT: "It is not there, or no longer: run the same command again, and do not move files under it.",
    errno.ENAMETOOLONG: "Shorten `name`, or `output_dir`.",
    errno.ENOSPC: "Free some space and run the same command again; what was finished is kept.",
    errno.EDQUOT: "Free some space and run the same command again; what was finished is kept.",
}


def _sync(path: Path) -> None:
    """Waits until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems cannot do that for a folder.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)
