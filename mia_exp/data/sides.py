"""Which images of a dataset are large enough, from their headers, before any is decoded."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mia_exp.core.errors import DataError
from mia_exp.core.progress import track
from mia_exp.data.pair_source import PairSource, Record

log = logging.getLogger(__name__)

# An image file, with its width and height in pixels.
Sides = tuple[Path, int, int]


def check_sides(
    source: PairSource,
    records: Sequence[Record],
    minimum: int,
    valid: Callable[[int], bool],
    setting: str = "victim.image_size",
) -> None:
    """Checks that the shorter side of every image has at least `minimum` pixels.

    A smaller image would be enlarged, and so visibly blurred.

    Args:
        source: The dataset.
        records: Its pairs whose images are checked.
        minimum: The value of the setting, in pixels.
        valid: Whether a value is valid for the setting.
        setting: The setting that images have to be as large as.

    Raises:
        DataError: An image is too small: the message names the first, the number of others, the shortest side of
            all, and the largest valid value of the setting. Or a header cannot be read.
    """
    small = [image for _, images in _small_images(source, records, minimum) for image in images]
    if not small:
        return
    path, width, height = small[0]
    message = f"{path}: expected an image of at least {minimum}x{minimum} pixels, found {width}x{height}"
    shortest, narrowest = min((min(image[1:]), str(image[0])) for image in small)
    if len(small) > 1:
        message += (
            f"; {len(small) - 1} more {'is' if len(small) == 2 else 'are'} too small, and the shortest side of all "
            f"is {shortest} pixels, in {narrowest}"
        )
    size = next((size for size in range(shortest, 0, -1) if valid(size)), None)
    remedy = f"Set {setting}={size}, which fits all," if size else f"No valid {setting} is as small:"
    raise DataError(f"{message}. {remedy} {'or ' if size else ''}use larger images, or remove those.")


def large_pairs(source: PairSource, records: Sequence[Record], minimum: int) -> list[Record]:
    """The pairs whose images all have a shorter side of at least `minimum` pixels; the log counts the others.

    Raises:
        DataError: A header cannot be read.
    """
    kept = [record for record, images in _small_images(source, records, minimum) if not images]
    if len(kept) < len(records):
        log.warning(
            "%d of %d pairs have an image smaller than %dx%d pixels and are left out (dataset.skip_small=true)",
            len(records) - len(kept),
            len(records),
            minimum,
            minimum,
        )
    return kept


def _small_images(
    source: PairSource, records: Sequence[Record], minimum: int
) -> Iterator[tuple[Record, list[Sides]]]:
    """Each pair with those of its images whose shorter side is below `minimum` pixels."""
    for record in track(records, "reading image sizes", len(records)):
        yield record, [image for image in source.sides(record.id) if min(image[1:]) < minimum]
