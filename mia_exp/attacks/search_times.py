"""Photos that people searched, and how long it took them: Tudor Ionescu et al., *How hard can it be?* (2016)."""

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
from mia_exp.data.tables import named_rows

# Inside `$MIA_EXP_DATA`.
SCORES = Path("vsd") / "VSD_dataset.csv"
PHOTOS = Path("vsd") / "JPEGImages"
# Fewer say nothing about a regression's rank correlation.
MIN_PHOTOS = 10
# Published scores differ by a few seconds; the squares of what is far beyond are no numbers any more.
MAX_SCORE_RANGE = 1e9
# How many names an error lists.
MAX_LISTED = 5


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


def scored_photo_paths(config: VisualSearchSettings) -> tuple[Path, Path]:
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
        scores: CSV of name and score, with a header or not; row numbers may stand in front.
        photos: Folder of the photos, NAME.jpg.
        allow_missing: Take the photos that are there, where some are not.

    Returns:
        The photos by name.

    Raises:
        DataError: The CSV or the folder is missing or cannot be read, a name stands twice, photos are missing,
            fewer than ten are there, or all have one score.
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
            f"{photos}: {len(missing)} of the {len(by_name)} photos that {scores.name} has a score for are not "
            f"there: {names}. Add them, or set "
            f"visual_search.allow_missing=true to learn from the {len(by_name) - len(missing)} that are."
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
    """A SHA-256, in hexadecimal, that changes when a photo or a score does."""
    return fingerprint((f"{photo.name} {photo.score!r}", photo.path) for photo in photos)


def _check_spread(values: Sequence[float], path: Path) -> None:
    """The regression divides by the scores' standard deviation."""
    lowest, highest = min(values), max(values)
    if lowest == highest or highest - lowest > MAX_SCORE_RANGE:
        raise DataError(
            f"{path}: expected scores that differ, by {MAX_SCORE_RANGE:g} at most, found {lowest:g} to {highest:g} for the "
            f"{len(values)} photos: nothing can be learned of them. Is its last column the published score?"
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
                f"{row.place}: {short(row.name)} has a score already, {by_name[row.name]}. Remove one of the two."
            )
        by_name[row.name] = score
    return by_name
