"""Image files on disk: listing, checking, and fingerprinting them."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mia_exp.core.errors import DataError
from mia_exp.core.storage import file_sha256

# Environment variable that names the folder of a user's datasets, one subfolder each.
DATA_VARIABLE = "MIA_EXP_DATA"
DIGITS = re.compile("([0-9]+)")
SUFFIXES = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"))


def user_data_folder() -> Path | None:
    """Returns the folder that `$MIA_EXP_DATA` names, or None if it is unset or empty."""
    folder = os.environ.get(DATA_VARIABLE)
    return Path(folder).expanduser() if folder else None


def named_root(root: str | None, name: str, holds: Sequence[str], homepage: str) -> Path:
    """Finds the folder of a dataset whose licence does not allow an automatic download.

    Args:
        root: `dataset.root`, or None for `$MIA_EXP_DATA/<name>`.
        name: The dataset's name.
        holds: Files or folders that it must contain.
        homepage: The dataset's web page.

    Raises:
        DataError: No folder was set, or one of `holds` is missing.
    """
    shared = user_data_folder()
    if root is None and shared is None:
        raise DataError(
            f"dataset={name} is not downloaded by this package: its licence requires each user to agree to it. "
            f"Download it from {homepage} and set dataset.root to its folder; docs/datasets/ describes the layout."
        )
    folder = Path(root).expanduser() if root else (shared or Path()) / name
    missing = [item for item in holds if not (folder / item).exists()]
    if missing:
        raise DataError(
            f"{folder}: expected the folder of dataset={name}, with {', '.join(holds)}; found no "
            f"{', no '.join(missing)}. Set dataset.root to it; docs/datasets/ describes the layout."
        )
    return folder


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Returns a sort key that orders `2` before `10`; ties such as `2` and `02` are broken by the name."""
    # The parts alternate between text and digits, starting with text, so that equal types are compared.
    parts = DIGITS.split(name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def check_name(name: str, path: Path) -> None:
    """Checks that a file's name is UTF-8, since ids are stored and compared as text.

    Args:
        name: Its path below the dataset's folder, whose own name does not matter.
        path: The file.

    Raises:
        DataError: It is not UTF-8.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{path}: expected a file whose name is UTF-8, found one in another encoding (its bytes are shown as "
            "escapes). Rename it and the other file of its pair."
        ) from None


def images_by_stem(folder: Path, recursive: bool = False) -> dict[str, Path]:
    """Lists the image files of a folder by their relative path without extension, in natural order.

    Hidden files are skipped: archives made on a Mac contain a file `._NAME` for each image.

    Args:
        folder: The folder.
        recursive: Include subfolders.

    Raises:
        DataError: The folder is missing or has no image, two images differ only in their extension, or a name is
            not UTF-8.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder of images, found no such folder.")
    found: dict[str, Path] = {}
    for prefix, entry in _entries(folder, "", recursive):
        path = Path(entry.path)
        if path.suffix.lower() not in SUFFIXES or entry.name.startswith(".") or not entry.is_file():
            continue
        check_name(f"{prefix}{entry.name}", path)
        key = f"{prefix}{path.stem}"
        if key in found:
            raise DataError(
                f"{folder}: {found[key].name} and {path.name} differ only in their extension, but pairs are "
                "identified by the name without it. Rename or remove one."
            )
        found[key] = path
    if not found:
        raise DataError(f"{folder}: expected images ({', '.join(sorted(SUFFIXES))}), found none.")
    return {stem: found[stem] for stem in sorted(found, key=natural_key)}


def _entries(folder: Path | str, prefix: str, recursive: bool) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What a folder holds, each with the path of its folder below the first; links to folders are not followed."""
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            yield prefix, entry
            if recursive and entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, f"{prefix}{entry.name}/", recursive)


def check_side(image: np.ndarray, minimum: int, path: Path) -> None:
    """Checks that an image's shorter side has at least `minimum` pixels.

    Raises:
        DataError: It has fewer; the message names `path`.
    """
    height, width = image.shape[:2]
    if min(height, width) < minimum:
        raise DataError(
            f"{path}: expected an image of at least {minimum}x{minimum} pixels, found {width}x{height}. "
            "Set a smaller image_size (victim.image_size, or difficulty.image_size), or use larger images."
        )


def fingerprint(files: Iterable[tuple[str, Path]]) -> str:
    """Returns the SHA-256, in hexadecimal, of files' names and bytes.

    Args:
        files: Each file's name, which must be the same on every machine, and its path.
    """
    digest = hashlib.sha256()
    for name, path in files:
        # The hash of each file is hashed, not its bytes, so that file boundaries count.
        digest.update(f"{len(name)}:{name}:{file_sha256(path)}\n".encode())
    return digest.hexdigest()
