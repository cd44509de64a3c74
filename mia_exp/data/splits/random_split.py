"""All pairs pooled and shuffled, so that members and non-members differ in the training and by chance."""

from dataclasses import dataclass
from typing import ClassVar

from mia_exp.core.errors import DataError
from mia_exp.data.splits.split import MIN_COUNT, Pool, Split, SplitRule, ordered


@dataclass
class RandomSplit(SplitRule):
    """All pairs of all partitions, shuffled by the seed; as many members as non-members.

    By chance the two groups can still differ: one image statistic in twenty separates them at the 5 % level.
    `split=matched` draws again until they balance.
    """

    title: ClassVar[str] = "a random split"
    choice: ClassVar[str] = "random"

    def draw(self, pool: Pool) -> Split:
        """Takes members and non-members from the front of the shuffled ids; see `SplitRule.draw`."""
        count = self.count(len(pool.records))
        order = ordered(pool.records, self.seed)
        return self.lists(order[:count], order[count : 2 * count], order)

    def count(self, n_pairs: int) -> int:
        """The number of members among `n_pairs` pairs, and of non-members.

        Raises:
            DataError: There are too few pairs.
        """
        available = (n_pairs - 2 * self.n_shadow) // 2
        count = available if self.n_members is None else self.n_members
        wanted = 2 * max(count, MIN_COUNT) + 2 * self.n_shadow
        if wanted > n_pairs:
            raise DataError(
                f"split={self.choice}: expected {wanted} pairs or more (members and as many non-members, "
                f"{max(count, MIN_COUNT)} each, and two shadow lists, split.n_shadow={self.n_shadow} each), found "
                f"{n_pairs} in the dataset. Lower split.n_members or split.n_shadow."
            )
        return count
