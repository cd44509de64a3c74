"""A dataset of a run, decoded once for each requested size."""

import hashlib
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from mia_exp.core.artifacts import Stage
from mia_exp.core.errors import ConfigError
from mia_exp.core.keys import canonical_json, deciding, plain
from mia_exp.data import Dataset, InputLayout
from mia_exp.data.sides import check_sides, large_pairs
from mia_exp.data.store import PairStore
from mia_exp.pipeline.context import Context


class StoredDataset:
    """A dataset, listed when it is opened and decoded when a stage needs it.

    Args:
        context: The run.
        config: The dataset.

    Attributes:
        records: Its pairs, without those that `max_pairs` and `skip_small` leave out; nothing else is opened.

    Raises:
        MiaError: The dataset cannot be listed; or with `skip_small`, a header cannot be read.
    """

    def __init__(self, context: Context, config: Dataset) -> None:
        run = context.config
        self._context = context
        self.config = config
        self._source = config.open(Path(run.data_dir), download=not run.dry_run, labels=run.victim.one_hot)
        self.records = config.select(self._source.records())
        self._sides_checked = config.skip_small
        if config.skip_small:
            self.records = large_pairs(self._source, self.records, self._minimum)

    @property
    def layout(self) -> InputLayout:
        """What the channels of x mean."""
        return self._source.layout

    @cached_property
    def hint(self) -> str | None:
        """A warning if the dataset's settings seem not to suit the data; None otherwise."""
        return self._source.hint(self._ids)

    def stage(self, size: int) -> Stage:
        """All pairs at `size` pixels."""
        minimum = self._minimum
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
        """Checks from headers that no image is smaller than the victim's; later calls do nothing.

        Raises:
            DataError: There are some, or a header cannot be read.
        """
        if not self._sides_checked:
            check_sides(self._source, self.records, self._minimum, self._is_valid_size)
            self._sides_checked = True

    def at(self, size: int) -> PairStore:
        """The pairs at `size` pixels, decoded first if needed."""
        return PairStore.open(self._context.store.get(self.stage(size)))

    @property
    def _ids(self) -> list[str]:
        return [record.id for record in self.records]

    @property
    def _minimum(self) -> int:
        """The minimum side of an image; the same for all decoded sizes, so that all raise the same errors."""
        return self._context.config.victim.image_size

    def _is_valid_size(self, size: int) -> bool:
        try:
            replace(self._context.config.victim, image_size=size)
        except ConfigError:
            return False
        return True

    @cached_property
    def _fingerprint(self) -> str:
        return self._source.fingerprint(self._ids)

    @cached_property
    def _partitions(self) -> str:
        """A digest of the partition of each pair, which may come from a separate file."""
        partitions = [(record.id, record.partition) for record in self.records]
        return hashlib.sha256(canonical_json(partitions).encode()).hexdigest()
