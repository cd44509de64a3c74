"""Downloads of official archives: verified, unpacked beside the destination, and renamed atomically."""

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
# Errors for member names that a file system cannot store: too long, or a file and a folder of the same name.
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

    All work is done in a hidden folder beside the destination, which is renamed at the end. The remains of a killed
    download are removed by the next one. Of two simultaneous downloads, the second waits and uses the first.

    Args:
        url: The archive's address.
        sha256: Its SHA-256 in hexadecimal, or None if none is published.
        destination: The folder to create.
        partition_sizes: The number of pairs that each partition must have.

    Raises:
        DataError: The archive cannot be downloaded, is truncated, is another one, or is not safe to unpack.
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
            _verify_checksum(url, _download(url, archive, destination), sha256)
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
    """Yields chunks of the bytes at `url`, each with the total length that the server announced."""
    # Only reading is inside the `try`: an OSError here comes from the network, not from the disk.
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
            f"try again, or download the archive by hand and unpack it as {destination}, or set dataset.root to "
            "the folder where you unpacked it."
        ) from error
    if expected is not None and received != expected:
        raise DataError(
            f"{url}: the download was truncated: expected {expected} bytes, found {received}. Try again."
        )


def _verify_checksum(url: str, found: str, expected: str | None) -> None:
    log.info("%s has SHA-256 %s", url, found)
    if expected is not None and found != expected.lower():
        raise DataError(
            f"{url}: expected an archive with SHA-256 {expected}, found {found}. The archive was changed or "
            "damaged in transfer; if you trust it, set dataset.archive_sha256 to the one found."
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
        # Errors of the disk are raised as they are. Invalid member names are OSErrors too, but the archive's fault.
        if isinstance(error, OSError) and error.errno not in (None, *BAD_NAMES):
            raise
        raise DataError(
            f"{url}: expected a .tar.gz that is safe to unpack, found another file ({reason(error)}). Set "
            "dataset.archive_url to another copy, or dataset.root to a folder where you unpacked one."
        ) from error


def _find_partitions(unpacked: Path, url: str, partition_sizes: Mapping[str, int]) -> Path:
    """Returns the folder that contains the partitions: the archive's top level, or its only folder."""
    for folder in (unpacked, *(path for path in unpacked.iterdir() if path.is_dir())):
        if all((folder / name).is_dir() for name in partition_sizes):
            break
    else:
        raise DataError(f"{url}: expected an archive with the folders {', '.join(partition_sizes)}, found none.")
    try:
        found = {name: len(images_by_stem(folder / name)) for name in partition_sizes}
    except DataError as error:
        # The error names a temporary folder.
        raise DataError(f"{url}: expected {dict(partition_sizes)} pairs, found others ({error})") from error
    if found != dict(partition_sizes):
        raise DataError(f"{url}: expected {dict(partition_sizes)} pairs, found {found}.")
    return folder
