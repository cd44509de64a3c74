"""All pairs pooled and shuffled, so that members and non-members differ only in the training."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mia_exp.core.errors import DataError
from mia_exp.data.pair_source import Record
from mia_exp.data.splits.split import MIN_COUNT, Split, SplitRule, ordered


@dataclass
class RandomSplit(SplitRule):
    """All pairs of all partitions, shuffled by the seed; as many members as non-members."""

    title: ClassVar[str] = "a random split"
    choice: ClassVar[str] = "random"

    def draw(
        self,
        records: Sequence[Record],
        member_partitions: Collection[str] = (),
        nonmember_partitions: Collection[str] = (),
    ) -> Split:
        """Takes members and non-members from the front of the shuffled ids; see `SplitRule.draw`."""
        pool = ordered(records, self.seed)
        available = (len(pool) - 2 * self.n_shadow) // 2
        count = available if self.n_members is None else self.n_members
        wanted = 2 * max(count, MIN_COUNT) + 2 * self.n_shadow
        if wanted > len(pool):
            raise DataError(
                f"split=random: expected {wanted} pairs or more (members and as many non-members, "
                f"{max(count, MIN_COUNT)} each, and two shadow lists, split.n_shadow={self.n_shadow} each), found "
                f"{len(pool)} in the dataset. Lower split.n_members or split.n_shadow."
            )
        return self.lists(pool[:count], pool[count : 2 * count], pool)
