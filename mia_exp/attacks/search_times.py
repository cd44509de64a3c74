"""Photos with human search times: Tudor Ionescu et al., *How hard can it be?* (2016)."""

import csv
import io
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mia_exp.attacks.attacker import VisualSearchSettings
from mia_exp.core.errors import DataError
from mia_exp.core.reading import read_text, refusing, short
from mia_exp.data.files import DATA_VARIABLE, fingerprint, images_by_stem, user_data_folder
from mia_exp.data.named_rows import named_rows

# In `$MIA_EXP_DATA`.
SCORES = Path("vsd") / "VSD_dataset.csv"
PHOTOS = Path("vsd") / "JPEGImages"
# Fewer photos do not allow an estimate of a rank correlation.
MIN_PHOTOS = 10
# Published scores differ by a few seconds; the squares of much larger differences overflow.
MAX_SCORE_RANGE = 1e9
# Names that an error message lists.
MAX_LISTED = 5


@dataclass(frozen=True)
class ScoredPhoto:
    """A photo and its published difficulty.

    Attributes:
        name: Its name in PASCAL VOC 2012, without the extension.
        score: Its visual search difficulty; higher means a longer search.
        path: Its file.
    """

    name: str
    score: float
    path: Path


def scored_photo_paths(config: VisualSearchSettings) -> tuple[Path, Path]:
    """The paths of the CSV and of the folder of photos.

    Raises:
        DataError: Neither the settings nor `$MIA_EXP_DATA` name them.
    """
    shared = user_data_folder()
    if shared is None and (config.scores is None or config.photos is None):
        raise DataError(
            "attack=supervised is trained on photos with human search times: set visual_search.scores to the CSV "
            "of the Visual Search Difficulty dataset and visual_search.photos to the JPEGImages folder of PASCAL "
            f"VOC 2012 (trainval), or keep both in the folder vsd of ${DATA_VARIABLE}; see docs/attacks.md."
        )
    scores = Path(config.scores).expanduser() if config.scores else (shared or Path()) / SCORES
    photos = Path(config.photos).expanduser() if config.photos else (shared or Path()) / PHOTOS
    return scores, photos


def list_scored_photos(scores: Path, photos: Path, allow_missing: bool) -> list[ScoredPhoto]:
    """Joins the published scores with the available photos.

    Args:
        scores: CSV of name and score, with or without a header and a first column of row numbers.
        photos: Folder of the photos, NAME.jpg.
        allow_missing: Return the available photos if some are missing.

    Returns:
        The photos, sorted by name.

    Raises:
        DataError: The CSV or the folder is missing or cannot be read, a name is repeated, photos are missing,
            fewer than ten are available, or all have the same score.
    """
    if not scores.is_file():
        raise DataError(
            f"{scores}: expected the CSV of the Visual Search Difficulty dataset, found no such file. Set "
            "visual_search.scores to it."
        )
    files = images_by_stem(photos)
    by_name = _read_scores(scores, files)
    missing = sorted(name for name in by_name if name not in files)
    if missing and not allow_missing:
        names = short(", ".join(missing[:MAX_LISTED]), 400) + (", ..." if len(missing) > MAX_LISTED else "")
        raise DataError(
            f"{photos}: {len(missing)} of the {len(by_name)} photos that {scores.name} has a score for are "
            f"missing: {names}. Add them, or set "
            f"visual_search.allow_missing=true to use the {len(by_name) - len(missing)} that are there."
        )
    found = [ScoredPhoto(name, by_name[name], files[name]) for name in sorted(by_name) if name in files]
    if len(found) < MIN_PHOTOS:
        raise DataError(
            f"{photos}: expected {MIN_PHOTOS} or more photos with a score in {scores}, found {len(found)}. "
            "Is it the JPEGImages folder of PASCAL VOC 2012?"
        )
    _check_spread([photo.score for photo in found], scores)
    return found


def fingerprint_photos(photos: Sequence[ScoredPhoto]) -> str:
    """SHA-256, in hexadecimal, over the photos' names, scores and bytes."""
    return fingerprint((f"{photo.name} {photo.score!r}", photo.path) for photo in photos)


def _check_spread(values: Sequence[float], path: Path) -> None:
    """Raises a DataError if the scores' standard deviation is zero or overflows: the regression divides by it."""
    lowest, highest = min(values), max(values)
    if lowest == highest or highest - lowest > MAX_SCORE_RANGE:
        raise DataError(
            f"{path}: expected scores that differ, by {MAX_SCORE_RANGE:g} at most, found {lowest:g} to {highest:g} "
            f"for the {len(values)} photos: no regression can be fitted. Is its last column the published score?"
        )


def _read_scores(path: Path, photos: Collection[str]) -> dict[str, float]:
    with refusing(path, "a CSV of photos' names and scores", "Save it as CSV, with commas between the cells."):
        reader = csv.reader(io.StringIO(read_text(path), newline=""))
        lines = [(reader.line_num, row) for row in reader]
    by_name: dict[str, float] = {}
    for row in named_rows(path, lines, 1, "a photo's name and its score", known=photos):
        (text,) = row.numbers
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise DataError(
                f"{row.place}: expected a number for the score of {short(row.name)}, found {short(text)!r}."
            )
        if row.name in by_name:
            raise DataError(
                f"{row.place}: {short(row.name)} already has a score, {by_name[row.name]}. Remove one of the two."
            )
        by_name[row.name] = score
    return by_name
