"""Image files on disk: listing, checking, and fingerprinting them."""

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mia_exp.core.errors import DataError

# Names the folder that holds a user's datasets, a subfolder each.
DATA_VARIABLE = "MIA_EXP_DATA"
SUFFIXES = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"))


def user_data_folder() -> Path | None:
    """Returns the folder that `$MIA_EXP_DATA` names, or None where it is unset or empty."""
    folder = os.environ.get(DATA_VARIABLE)
    return Path(folder).expanduser() if folder else None


def named_root(root: str | None, name: str, holds: Sequence[str], homepage: str) -> Path:
    """Finds the folder of a dataset that nobody may download for its user.

    Args:
        root: `dataset.root`, or None: then `$MIA_EXP_DATA/<name>`.
        name: The dataset's name.
        holds: Files or folders that must be in it.
        homepage: Where a person finds the dataset.

    Raises:
        DataError: Nobody said where it is, or one of them is not there.
    """
    shared = user_data_folder()
    if root is None and shared is None:
        raise DataError(
            f"dataset={name} is not downloaded by this package: its licence asks each user to agree to it. Fetch "
            f"it from {homepage} and set dataset.root to its folder; docs/datasets/ says how it must look."
        )
    folder = Path(root).expanduser() if root else (shared or Path()) / name
    missing = [item for item in holds if not (folder / item).exists()]
    if missing:
        raise DataError(
            f"{folder}: expected the folder of dataset={name}, which holds {', '.join(holds)}; found no "
            f"{', no '.join(missing)}. Set dataset.root to it; docs/datasets/ says how it must look."
        )
    return folder


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Returns a sort key that puts `2` before `10`; the name itself breaks ties such as `2` and `02`."""
    # The split alternates text and digits, starting with text, so that like is compared with like.
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def check_name(path: Path, root: Path) -> None:
    """Refuses a file whose name is not UTF-8: ids are kept and compared as text, on every machine alike.

    Args:
        path: The file.
        root: A folder above it, whose own name does not matter.

    Raises:
        DataError: It is not.
    """
    try:
        str(path.relative_to(root)).encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{path}: expected a file whose name is UTF-8, found one that is in another encoding (its "
            "bytes are written here as escapes). Rename it, and its partner."
        ) from None


def images_by_stem(folder: Path, recursive: bool = False) -> dict[str, Path]:
    """Lists the image files of a folder by their path in it, without the ending, in natural order.

    Hidden files are passed over: archives made on a Mac hold one named `._NAME` for each image.

    Args:
        folder: Where to look.
        recursive: Look into subfolders too.

    Raises:
        DataError: The folder is missing or holds no image, two images differ in their ending alone, or a name is
            not UTF-8.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder of images, found no such folder.")
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("**/*" if recursive else "*")):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        check_name(path, folder)
        stem = path.relative_to(folder).with_suffix("").as_posix()
        if stem in found:
            raise DataError(
                f"{folder}: {found[stem].name} and {path.name} have the same name but for the ending, "
                "and a pair is known by its name without it. Rename or remove one."
            )
        found[stem] = path
    if not found:
        raise DataError(f"{folder}: expected images ({', '.join(sorted(SUFFIXES))}), found none in this folder.")
    return {stem: found[stem] for stem in sorted(found, key=natural_key)}


def check_side(image: np.ndarray, minimum: int, path: Path) -> None:
    """Refuses an image whose shorter side is below `minimum` pixels.

    Raises:
        DataError: It is; the message names `path`.
    """
    height, width = image.shape[:2]
    if min(height, width) < minimum:
        raise DataError(
            f"{path}: expected an image of at least {minimum}x{minimum} pixels, found {width}x{height}. "
            "Choose a smaller victim.image_size, or larger images."
        )


def fingerprint(files: Iterable[tuple[str, Path]]) -> str:
    """Returns the SHA-256, in hexadecimal, of files' names and bytes.

    Args:
        files: Each file's name, free of anything that belongs to one machine, and where it is.
    """
    digest = hashlib.sha256()
    for name, path in files:
        # Hashing the hash, not the bytes, keeps where one file ends and the next begins.
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{len(name)}:{name}:{content}\n".encode())
    return digest.hexdigest()
