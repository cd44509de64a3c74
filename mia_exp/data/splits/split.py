"""Splits: four disjoint lists of ids, determined by a seed."""

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.check import require
from mia_exp.core.component import Component
from mia_exp.core.errors import DataError
from mia_exp.core.reading import json_object, refusing, short, typed
from mia_exp.core.seeds import shuffled
from mia_exp.data.pair_source import Record

if TYPE_CHECKING:
    import pandas as pd

# An ROC curve needs at least two members and two non-members.
MIN_COUNT = 2


@dataclass(frozen=True)
class Pool:
    """What a split is drawn from.

    Attributes:
        records: All pairs of the dataset.
        member_partitions: Training partitions of the dataset's official split; empty if it has none.
        nonmember_partitions: Its held-out partitions.
        statistics: Computes the blind statistics of all targets, one row per id and one column per statistic; the
            images are then decoded at once.
    """

    records: Sequence[Record]
    member_partitions: Collection[str] = ()
    nonmember_partitions: Collection[str] = ()
    statistics: "Callable[[], pd.DataFrame] | None" = None


@dataclass(frozen=True)
class Balance:
    """How alike the two groups of a matched split are, and how it was found.

    Attributes:
        distance: Mahalanobis distance between the groups' mean ranks of the blind statistics, squared.
        bound: The distance below which a split is accepted.
        tries: Splits that were drawn until this one was accepted.
    """

    distance: float
    bound: float
    tries: int

    def described(self) -> dict[str, float]:
        """The same as JSON, with the share of the drawn splits that was accepted."""
        return {**asdict(self), "acceptance_rate": 1 / self.tries}


@dataclass(frozen=True)
class Split:
    """Four disjoint lists of ids, each in seeded random order, so that a prefix is a random subset.

    Attributes:
        members: Pairs that the victim is trained on.
        nonmembers: Pairs that it is not trained on.
        shadow_train: Pairs that the attacker trains shadow models on; neither members nor evaluated.
        shadow_test: Pairs that the attacker holds out from these models; neither members nor evaluated.
        kind: How the lists were made, such as `random` or `official`.
        seed: The seed of the order.
        balance: How alike members and non-members are, if the split was drawn to make them so; it is no part of the
            hash.
    """

    members: tuple[str, ...]
    nonmembers: tuple[str, ...]
    shadow_train: tuple[str, ...]
    shadow_test: tuple[str, ...]
    kind: str
    seed: int
    balance: Balance | None = None

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, over the lists, the kind and the seed."""
        hashed = {name: value for name, value in asdict(self).items() if name != "balance"}
        canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """The kind of the split and the lengths of its lists, for plans."""
        shadow = f", 2 x {len(self.shadow_train)} shadow pairs" if self.shadow_train else ""
        return f"{self.kind}: {len(self.members)} members, {len(self.nonmembers)} non-members{shadow}"

    def evaluated(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns as many members as non-members: the first of each list."""
        count = min(len(self.members), len(self.nonmembers))
        return self.members[:count], self.nonmembers[:count]

    def to_json(self) -> str:
        """Returns the split and its hash as JSON."""
        return json.dumps({**asdict(self), "hash": self.hash}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Split":
        """Reads what `to_json` wrote.

        Raises:
            DataError: It is not such JSON, or the lists do not match the stored hash.
        """
        advice = "Remove the file, and it is made again."
        with refusing("a stored split", "JSON of four lists of ids", advice):
            stored = json_object(text)
            expected = typed(stored.pop("hash"), str, "hash")
            seed, kind = typed(stored.pop("seed"), int, "seed"), typed(stored.pop("kind"), str, "kind")
            balance = stored.pop("balance", None)
            lists = {name: tuple(typed(id, str, name) for id in ids) for name, ids in stored.items()}
            split = cls(**lists, seed=seed, kind=kind, balance=None if balance is None else Balance(**balance))
        if split.hash != expected:
            raise DataError(
                f"a stored split was changed: expected hash {short(expected)}, found {split.hash}. {advice}"
            )
        return split


@dataclass
class SplitRule(Component):
    """How a dataset is split.

    An id's rank in the order depends only on the seed and on that id. Members are taken from the front and shadow
    lists from the back, so that with `n_members` set, a change of `n_shadow` changes no member.

    Attributes:
        kind: Name of this kind of split in files; a part of the hash.
        seed: Determines the order of the ids; each id's rank depends only on the seed and that id.
        n_members: Number of pairs that the victim is trained on, or null for as many as possible.
        n_shadow: Number of pairs in each of the two shadow lists, taken from the pairs that are not members.
    """

    kind: ClassVar[str]

    seed: int = 0
    n_members: int | None = None
    n_shadow: int = 0

    def __post_init__(self) -> None:
        require(self.seed >= 0, f"split.seed={self.seed}: expected 0 or more")
        require(
            self.n_members is None or self.n_members >= 2,
            f"split.n_members={self.n_members}: expected 2 or more",
        )
        require(self.n_shadow >= 0, f"split.n_shadow={self.n_shadow}: expected 0 or more")

    def draw(self, pool: Pool) -> Split:
        """Makes the split.

        Args:
            pool: The pairs, and what is known of them without any model.

        Raises:
            DataError: There are too few pairs, or the dataset has no such split.
        """
        raise NotImplementedError

    def lists(self, members: Sequence[str], nonmembers: Sequence[str], rest: Sequence[str]) -> Split:
        """A split whose shadow lists are taken from the end of `rest`."""
        # Alternating, so that each shadow list of a larger n_shadow starts with that of a smaller one.
        shadows = rest[::-1][: 2 * self.n_shadow]
        return Split(
            members=tuple(members),
            nonmembers=tuple(nonmembers),
            shadow_train=tuple(shadows[::2]),
            shadow_test=tuple(shadows[1::2]),
            kind=self.choice,
            seed=self.seed,
        )


def ordered(records: Sequence[Record], seed: int) -> list[str]:
    """The ids of the records, shuffled; see `shuffled`."""
    return shuffled((record.id for record in records), seed)
