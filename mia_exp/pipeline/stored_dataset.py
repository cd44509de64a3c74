"""A dataset of a run, decoded once for each requested size."""

import hashlib
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.core.artifacts import Stage
from mia_exp.core.errors import ConfigError
from mia_exp.core.keys import canonical_json, deciding, plain
from mia_exp.data import Dataset, InputLayout
from mia_exp.data.sides import check_sides, large_pairs
from mia_exp.data.store import PairStore
from mia_exp.pipeline.context import Context
from mia_exp.victims.victim import Victim


class StoredDataset:
    """A dataset, listed when it is opened and decoded when a stage needs it.

    Args:
        context: The run.
        config: The dataset.
        scored: Whether L_diff is computed of its pairs: no image may then be smaller than `difficulty.image_size`.

    Attributes:
        records: Its pairs, without those that `max_pairs` and `skip_small` leave out; nothing else is opened.

    Raises:
        MiaError: The dataset cannot be listed; or with `skip_small`, a header cannot be read.
    """

    def __init__(self, context: Context, config: Dataset, scored: bool = True) -> None:
        run = context.config
        self._context = context
        self.config = config
        self._source = config.open(Path(run.data_dir), download=not run.dry_run, labels=run.victim.one_hot)
        self.records = config.select(self._source.records())
        self._scored = scored
        self._sides_checked = False
        if config.skip_small:
            self.records = large_pairs(self._source, self.records, run.victim.image_size)

    @property
    def layout(self) -> InputLayout:
        """What the channels of x mean."""
        return self._source.layout

    @cached_property
    def hint(self) -> str | None:
        """A warning if the dataset's settings seem not to suit the data; None otherwise."""
        return self._source.hint(self._ids)

    def stage(self, size: int, enlarges: bool = True) -> Stage:
        """All pairs at `size` pixels.

        Args:
            size: Side of the decoded images.
            enlarges: Whether image files may be smaller than that; they are never smaller than the victim's images.
        """
        # The victim's size for all decoded sizes, so that all raise the same errors.
        minimum = self._context.config.victim.image_size
        if not enlarges:
            minimum = max(minimum, size)
        settings = {
            "dataset": deciding(self.config),
            "fingerprint": self._fingerprint,
            "partitions": self._partitions,
            "size": size,
            "minimum": minimum,
            "layout": self.layout,
        }

        def build(folder: Path) -> None:
            self.check_sides()
            PairStore.build(self._source, self.records, size, minimum, folder, has_inputs=self.config.has_inputs)

        channels = self.layout.channels + 3 if self.config.has_inputs else 3
        megabytes = len(self.records) * size * size * channels / 1e6
        note = f"{len(self.records)} pairs at {size} px, {megabytes:.0f} MB"
        return Stage("pairs", 3, plain(settings), {}, build, note=note, work=len(self.records))

    def check_sides(self) -> None:
        """Checks from headers that no image is smaller than the victim's and `difficulty.image_size`.

        Later calls do nothing.

        Raises:
            DataError: There are some, or a header cannot be read.
        """
        if self._sides_checked:
            return
        victim, difficulty = self._context.config.victim, self._context.config.difficulty
        check_sides(self._source, self.records, victim.image_size, partial(_is_valid_size, victim))
        if self._scored and difficulty.image_size is not None and difficulty.image_size > victim.image_size:
            valid = partial(_is_valid_size, difficulty)
            check_sides(self._source, self.records, difficulty.image_size, valid, "difficulty.image_size")
        self._sides_checked = True

    def at(self, size: int, enlarges: bool = True) -> PairStore:
        """The pairs at `size` pixels, decoded first if needed; see `stage`."""
        return PairStore.open(self._context.store.get(self.stage(size, enlarges)))

    @property
    def _ids(self) -> list[str]:
        return [record.id for record in self.records]

    @cached_property
    def _fingerprint(self) -> str:
        return self._source.fingerprint(self._ids)

    @cached_property
    def _partitions(self) -> str:
        """A digest of the partition of each pair, which may come from a separate file."""
        partitions = [(record.id, record.partition) for record in self.records]
        return hashlib.sha256(canonical_json(partitions).encode()).hexdigest()


def _is_valid_size(settings: Victim | DifficultySettings, size: int) -> bool:
    try:
        replace(settings, image_size=size)
    except ConfigError:
        return False
    return True
