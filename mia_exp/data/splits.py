"""Who is a member: four disjoint lists of ids, fixed by a seed."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from mia_exp.config import SplitConfig
from mia_exp.data.source import Record
from mia_exp.errors import DataError
from mia_exp.reading import json_object, refusing, short, typed

# Below two of each, no ROC curve has a slope.
FEWEST = 2


@dataclass(frozen=True)
class Split:
    """Four disjoint lists of ids, each in seeded random order, so that a prefix is a random subset.

    Attributes:
        members: What the victim is trained on.
        nonmembers: What it is not.
        shadow_train: What the attacker trains shadow models on; neither members nor evaluated.
        shadow_test: What the attacker holds out from them; neither members nor evaluated.
        kind: How the lists were made: `random` or `official`.
        seed: The seed of the order.
    """

    members: tuple[str, ...]
    nonmembers: tuple[str, ...]
    shadow_train: tuple[str, ...]
    shadow_test: tuple[str, ...]
    kind: str
    seed: int

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, over the lists, the kind and the seed."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """The lists' lengths in words."""
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
            DataError: It is no such JSON, or the lists are not those that the stored hash was taken of.
        """
        advice = "Remove the file, and it is made again."
        with refusing("a stored split", "JSON of four lists of ids", advice):
            stored = json_object(text)
            expected = typed(stored.pop("hash"), str, "hash")
            seed, kind = typed(stored.pop("seed"), int, "seed"), typed(stored.pop("kind"), str, "kind")
            lists = {name: tuple(typed(id, str, name) for id in ids) for name, ids in stored.items()}
            split = cls(**lists, seed=seed, kind=kind)
        if split.hash != expected:
            raise DataError(
                f"a stored split was changed: expected hash {short(expected)}, found {split.hash}. {advice}"
            )
        return split


def make_split(
    records: Sequence[Record],
    config: SplitConfig,
    member_partitions: Collection[str],
    nonmember_partitions: Collection[str],
) -> Split:
    """Makes the split that `config` describes.

    An id's place in the order depends on the seed and on that id alone. Members are taken from the front and
    shadow lists from the back, so that with `n_members` set a change of `n_shadow` moves no member.

    Args:
        records: All pairs of the dataset.
        config: Kind, seed and sizes.
        member_partitions: Partitions that an official split trains on; empty where there are none.
        nonmember_partitions: Partitions that it holds out.

    Raises:
        DataError: There are fewer pairs than wanted, or no official split.
    """
    if config.kind == "official":
        return _official_split(records, config, member_partitions, nonmember_partitions)
    return _random_split(records, config)


def _random_split(records: Sequence[Record], config: SplitConfig) -> Split:
    pool = ordered(records, config.seed)
    available = (len(pool) - 2 * config.n_shadow) // 2
    count = available if config.n_members is None else config.n_members
    wanted = 2 * max(count, FEWEST) + 2 * config.n_shadow
    if wanted > len(pool):
        raise DataError(
            f"split=random: expected {wanted} pairs or more (members and as many non-members, "
            f"{max(count, FEWEST)} each, and two shadow lists, split.n_shadow={config.n_shadow} each), found "
            f"{len(pool)} in the dataset. Lower split.n_members or split.n_shadow."
        )
    return _split(pool[:count], pool[count : 2 * count], pool, config)


def _official_split(
    records: Sequence[Record],
    config: SplitConfig,
    member_partitions: Collection[str],
    nonmember_partitions: Collection[str],
) -> Split:
    if not member_partitions or not nonmember_partitions:
        raise DataError("split=official: this dataset has no partitions of its own. Use split=random.")
    both = sorted(set(member_partitions) & set(nonmember_partitions))
    if both:
        raise DataError(
            f"split=official: {', '.join(both)} is named among dataset.member_partitions and "
            "dataset.nonmember_partitions. Name it in one of them."
        )
    inside = ordered([r for r in records if r.partition in member_partitions], config.seed)
    outside = ordered([r for r in records if r.partition in nonmember_partitions], config.seed)
    count = len(inside) if config.n_members is None else config.n_members
    if max(count, FEWEST) > len(inside):
        raise DataError(
            f"split=official: expected {max(count, FEWEST)} members or more (split.n_members), found "
            f"{len(inside)} pairs in the partitions {', '.join(member_partitions)}."
        )
    if FEWEST + 2 * config.n_shadow > len(outside):
        raise DataError(
            f"split=official: expected {FEWEST} non-members or more and two shadow lists, "
            f"split.n_shadow={config.n_shadow} each, found {len(outside)} pairs in the partitions "
            f"{', '.join(nonmember_partitions)}."
        )
    return _split(inside[:count], outside[: len(outside) - 2 * config.n_shadow], outside, config)


def _split(members: list[str], nonmembers: list[str], pool: list[str], config: SplitConfig) -> Split:
    # Alternating, so that each shadow list of a larger n_shadow begins with that of a smaller one.
    shadows = pool[::-1][: 2 * config.n_shadow]
    return Split(
        members=tuple(members),
        nonmembers=tuple(nonmembers),
        shadow_train=tuple(shadows[::2]),
        shadow_test=tuple(shadows[1::2]),
        kind=config.kind,
        seed=config.seed,
    )


def ordered(records: Sequence[Record], seed: int) -> list[str]:
    """The ids in an order in which each one's place depends on the seed and that id alone."""

    def place(id: str) -> bytes:
        return hashlib.sha256(f"{seed}:{id}".encode()).digest()

    return sorted((record.id for record in records), key=place)
