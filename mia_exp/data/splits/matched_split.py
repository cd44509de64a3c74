"""A random split that is drawn again until members and non-members look alike (Morgan and Rubin, 2012)."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.stats import chi2, rankdata

from mia_exp.core.check import require
from mia_exp.core.errors import DataError
from mia_exp.core.seeds import derive
from mia_exp.data.splits.random_split import RandomSplit
from mia_exp.data.splits.split import Balance, Pool, Split, ordered

# Drawn splits before giving up, in multiples of the expected number: chance exceeds it once in e**20 times.
MAX_TRIES = 20


@dataclass
class MatchedSplit(RandomSplit):
    """A random split, drawn again until the blind statistics of members and non-members balance.

    Rerandomisation (Morgan and Rubin, "Rerandomization to improve covariate balance in experiments", 2012): a split
    is accepted if the Mahalanobis distance between the mean covariates of the two groups is below a bound, which is
    chosen so that a given share of all random splits is accepted. The covariates are the ranks of the blind
    statistics in the whole dataset, since a column's AUC is a difference of mean ranks.

    The rule is symmetric in the two groups and looks at no model: among the accepted splits, an image is as often a
    member as a non-member, and members and non-members are exchangeable.

    Attributes:
        acceptance: Share of random splits that is accepted; smaller is more alike, and takes longer to draw.
    """

    title: ClassVar[str] = "a random split of equal image statistics"
    choice: ClassVar[str] = "matched"

    acceptance: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            0.0001 <= self.acceptance <= 1,
            f"split.acceptance={self.acceptance}: expected a share from 0.0001 to 1",
        )

    def draw(self, pool: Pool) -> Split:
        """Draws random splits until one is balanced; see `SplitRule.draw`.

        Raises:
            DataError: There are too few pairs, the statistics are not known, or no split was accepted.
        """
        count = self.count(len(pool.records))
        if pool.statistics is None:
            raise DataError("split=matched: the statistics of the images are not known here. Use split=random.")
        table = pool.statistics()
        # Statistics that are the same for all images balance anyway.
        columns = [values for values in table.to_numpy(float).T if values.min() < values.max()]
        ranks = dict(zip(table.index, np.stack([rankdata(column) for column in columns], 1), strict=True))
        # Of the difference of the means of two disjoint samples: 2 S / n, with S the covariance in the pool.
        covariance = 2 / count * np.cov(np.stack(list(ranks.values())), rowvar=False)
        precision = np.linalg.pinv(np.atleast_2d(covariance))
        bound = float(chi2.ppf(self.acceptance, len(columns)))
        max_tries = round(MAX_TRIES / self.acceptance)
        for number in range(max_tries):
            order = ordered(pool.records, derive(self.seed, "matched", number))
            members, nonmembers = (
                np.stack([ranks[id] for id in part]) for part in (order[:count], order[count : 2 * count])
            )
            difference = members.mean(0) - nonmembers.mean(0)
            distance = float(difference @ precision @ difference)
            if distance <= bound:
                lists = self.lists(order[:count], order[count : 2 * count], order)
                return replace(lists, balance=Balance(distance, bound, number + 1))
        raise DataError(
            f"split=matched: none of {max_tries} random splits has a Mahalanobis distance of {bound:.3g} or less. "
            "Raise split.acceptance, or use more pairs."
        )
