"""Photos that people searched, and how long it took them: Tudor Ionescu et al., *How hard can it be?* (2016)."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mia_exp.config import VisualSearchConfig
from mia_exp.data.files import DATA_VARIABLE, fingerprint, images_by_stem, user_data_folder
from mia_exp.errors import DataError

# Inside `$MIA_EXP_DATA`.
SCORES = Path("vsd") / "VSD_dataset.csv"
PHOTOS = Path("vsd") / "JPEGImages"
# Fewer say nothing about a regression's rank correlation.
FEWEST = 10
# How many names an error lists.
SHOWN = 5


@dataclass(frozen=True)
class ScoredPhoto:
    """A photo and its published difficulty.

    Attributes:
        name: Its name in PASCAL VOC 2012, without the ending.
        score: Its visual search difficulty; higher took longer.
        path: Its file.
    """

    name: str
    score: float
    path: Path


def scored_photo_paths(config: VisualSearchConfig) -> tuple[Path, Path]:
    """The CSV and the folder of photos that `config` means.

    Raises:
        DataError: Nobody said where they are.
    """
    shared = user_data_folder()
    if shared is None and (config.scores is None or config.photos is None):
        raise DataError(
            "attack=supervised learns from photos that people searched: set visual_search.scores to the CSV of the "
            "Visual Search Difficulty dataset and visual_search.photos to the JPEGImages folder of PASCAL VOC 2012 "
            f"(trainval), or keep both in the folder vsd of ${DATA_VARIABLE}; docs/attacks.md says more."
        )
    scores = Path(config.scores).expanduser() if config.scores else (shared or Path()) / SCORES
    photos = Path(config.photos).expanduser() if config.photos else (shared or Path()) / PHOTOS
    return scores, photos


def list_scored_photos(scores: Path, photos: Path, allow_missing: bool) -> list[ScoredPhoto]:
    """Joins the published scores with the photos that are there.

    Args:
        scores: CSV of name and score, without a header.
        photos: Folder of the photos, NAME.jpg.
        allow_missing: Take the photos that are there, where some are not.

    Returns:
        The photos by name.

    Raises:
        DataError: The CSV or the folder is missing or cannot be read, a name stands twice, photos are missing,
            or fewer than ten are there.
    """
    by_name = _read_scores(scores)
    files = images_by_stem(photos)
    missing = sorted(name for name in by_name if name not in files)
    if missing and not allow_missing:
        raise DataError(
            f"{photos}: {len(missing)} of the {len(by_name)} photos that {scores.name} has a score for are not "
            f"there: {', '.join(missing[:SHOWN])}{', ...' if len(missing) > SHOWN else ''}. Add them, or set "
            f"visual_search.allow_missing=true to learn from the {len(by_name) - len(missing)} that are."
        )
    found = [ScoredPhoto(name, by_name[name], files[name]) for name in sorted(by_name) if name in files]
    if len(found) < FEWEST:
        raise DataError(
            f"{photos}: expected {FEWEST} or more photos with a score in {scores}, found {len(found)}. "
            "Is it the JPEGImages folder of PASCAL VOC 2012?"
        )
    return found


def fingerprint_photos(photos: Sequence[ScoredPhoto]) -> str:
    """A SHA-256, in hexadecimal, that changes when a photo or a score does."""
    return fingerprint((f"{photo.name} {photo.score!r}", photo.path) for photo in photos)


def _read_scores(path: Path) -> dict[str, float]:
    if not path.is_file():
        raise DataError(
            f"{path}: expected the CSV of the Visual Search Difficulty dataset, found no such file. Set "
            "visual_search.scores to it."
        )
    by_name: dict[str, float] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.reader(file):
            line = f"{path}, line {len(by_name) + 1}"
            if len(row) != 2:
                raise DataError(f"{line}: expected a photo's name and its score, found {row}.")
            name, text = row
            try:
                score = float(text)
            except ValueError:
                score = math.nan
            if not math.isfinite(score):
                raise DataError(f"{line}: expected a number for the score of {name}, found {text!r}.")
            if name in by_name:
                raise DataError(f"{line}: {name} has a score already, {by_name[name]}. Remove one of the two.")
            by_name[name] = score
    return by_name
