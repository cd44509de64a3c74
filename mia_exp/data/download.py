"""Fetching an official archive: checked, unpacked beside its destination, moved there whole or not at all."""

import errno
import hashlib
import logging
import re
import shutil
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock

from mia_exp.core.errors import DataError
from mia_exp.core.progress import progress_bar
from mia_exp.core.reading import reason
from mia_exp.data.files import images_by_stem

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60
# What a file system says of members that it cannot hold: too long, a file where a folder should be, or the reverse.
BAD_NAMES = (
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENOTEMPTY,
    errno.EINVAL,
    errno.EILSEQ,
    errno.ELOOP,
    errno.ENOENT,
)


def fetch_archive(url: str, sha256: str | None, destination: Path, partition_sizes: Mapping[str, int]) -> None:
    """Downloads and unpacks a `.tar.gz` whose partitions become subfolders of `destination`.

    Everything happens in a hidden folder beside the destination, which is renamed last. What a killed
    download left there is removed by the next; of two at once, the second waits and finds the work done.

    Args:
        url: Where the archive is.
        sha256: Its SHA-256 in hexadecimal, or None where none is published.
        destination: The folder to make.
        partition_sizes: The number of pairs that each partition must hold.

    Raises:
        DataError: The archive cannot be reached, is cut short, is another one, or is not safe to unpack.
        OSError: The disk is full.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(destination.parent / f".{destination.name}.lock"):
        if destination.exists():
            return
        partial = destination.parent / f".{destination.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            archive = partial / "archive.tar.gz"
            _check_digest(url, _download(url, archive, destination), sha256)
            unpacked = partial / "unpacked"
            _unpack(archive, unpacked, url)
            _find_partitions(unpacked, url, partition_sizes).rename(destination)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _download(url: str, archive: Path, destination: Path) -> str:
    """Writes the archive and returns its SHA-256."""
    digest = hashlib.sha256()
    with archive.open("wb") as file, progress_bar() as progress:
        task = progress.add_task(f"downloading {destination.name}", total=None, note="")
        received = 0
        for chunk, expected in _chunks(url, destination):
            file.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            progress.update(task, completed=received, total=expected, note=f"{received // 10**6} MB")
    return digest.hexdigest()


def _chunks(url: str, destination: Path) -> Iterator[tuple[bytes, int | None]]:
    """Yields the bytes at `url`, each time with the length that the server announced."""
    # Only reading happens inside the `try`: an OSError here is the network's, never the disk's.
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            length = response.headers["Content-Length"]
            if length is not None and not re.fullmatch(r"[0-9]{1,18}", length):
                raise ValueError(f"the server announced a length of {length!r}")
            expected = None if length is None else int(length)
            received = 0
            while chunk := response.read(CHUNK_BYTES):
                received += len(chunk)
                yield chunk, expected
    except Exception as error:
        raise DataError(
            f"dataset.archive_url={url}: the download failed ({reason(error)}). Check the address and "
            f"try again, or fetch the archive by hand and unpack it as {destination}, or set dataset.root to where "
            "you unpacked it."
        ) from error
    if expected is not None and received != expected:
        raise DataError(
            f"{url}: the download was cut short: expected {expected} bytes, found {received}. Try again."
        )


def _check_digest(url: str, found: str, expected: str | None) -> None:
    log.info("%s has SHA-256 %s", url, found)
    if expected is not None and found != expected.lower():
        raise DataError(
            f"{url}: expected an archive with SHA-256 {expected}, found {found}. The archive was changed or "
            "damaged on its way; if you trust it, set dataset.archive_sha256 to what was found."
        )


def _unpack(archive: Path, folder: Path, url: str) -> None:
    def plain_files_only(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        if not (member.isfile() or member.isdir()):
            raise DataError(f"{url}: refused to unpack {member.name}, which is a link or a device.")
        return tarfile.data_filter(member, path)

    folder.mkdir()
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter=plain_files_only)
    except DataError:
        raise
    except Exception as error:
        # What a disk refuses is no fault of the archive; what is wrong with its names comes as an OSError too.
        if isinstance(error, OSError) and error.errno not in (None, *BAD_NAMES):
            raise
        raise DataError(
            f"{url}: expected a .tar.gz that is safe to unpack, found otherwise ({reason(error)}). Set "
            "dataset.archive_url to another copy, or dataset.root to where you unpacked one."
        ) from error


def _find_partitions(unpacked: Path, url: str, partition_sizes: Mapping[str, int]) -> Path:
    """Returns the folder that holds the partitions: the archive's top, or its one folder."""
    for folder in (unpacked, *(path for path in unpacked.iterdir() if path.is_dir())):
        if all((folder / name).is_dir() for name in partition_sizes):
            break
    else:
        raise DataError(f"{url}: expected an archive that holds {', '.join(partition_sizes)}, found none of that.")
    try:
        found = {name: len(images_by_stem(folder / name)) for name in partition_sizes}
    except DataError as error:
        # It names a folder that is removed again.
        raise DataError(f"{url}: expected {dict(partition_sizes)} pairs, found otherwise ({error})") from error
    if found != dict(partition_sizes):
        raise DataError(f"{url}: expected {dict(partition_sizes)} pairs, found {found}.")
    return folder
