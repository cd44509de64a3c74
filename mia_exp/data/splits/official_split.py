"""The split that a dataset was published with."""

from dataclasses import dataclass
from typing import ClassVar

from mia_exp.core.errors import DataError
from mia_exp.data.splits.split import MIN_COUNT, Pool, Split, SplitRule, ordered


@dataclass
class OfficialSplit(SplitRule):
    """The dataset's own partitions: members from the training part, non-members and shadow lists from the rest."""

    title: ClassVar[str] = "the dataset's official split"
    choice: ClassVar[str] = "official"

    def draw(self, pool: Pool) -> Split:
        """Takes members from the training part and the other lists from the held-out part; see `SplitRule.draw`."""
        member_partitions, nonmember_partitions = pool.member_partitions, pool.nonmember_partitions
        if not member_partitions or not nonmember_partitions:
            raise DataError("split=official: this dataset has no official partitions. Use split=random.")
        both = sorted(set(member_partitions) & set(nonmember_partitions))
        if both:
            raise DataError(
                f"split=official: {', '.join(both)} is in both dataset.member_partitions and "
                "dataset.nonmember_partitions. Remove it from one of them."
            )
        inside = ordered([r for r in pool.records if r.partition in member_partitions], self.seed)
        outside = ordered([r for r in pool.records if r.partition in nonmember_partitions], self.seed)
        count = len(inside) if self.n_members is None else self.n_members
        if max(count, MIN_COUNT) > len(inside):
            raise DataError(
                f"split=official: expected {max(count, MIN_COUNT)} members or more (split.n_members), found "
                f"{len(inside)} pairs in the partitions {', '.join(member_partitions)}."
            )
        if MIN_COUNT + 2 * self.n_shadow > len(outside):
            raise DataError(
                f"split=official: expected {MIN_COUNT} non-members or more and two shadow lists, "
                f"split.n_shadow={self.n_shadow} each, found {len(outside)} pairs in the partitions "
                f"{', '.join(nonmember_partitions)}."
            )
        return self.lists(inside[:count], outside[: len(outside) - 2 * self.n_shadow], outside)
