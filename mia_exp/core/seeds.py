"""Seeds that are derived from a seed and names, so that no two uses of randomness share a stream."""

import hashlib
from collections.abc import Iterable


def derive(seed: int, *names: str | int) -> int:
    """Returns a 63-bit seed that depends only on `seed` and on each name."""
    return int.from_bytes(digest(seed, *names)[:8], "big") >> 1


def digest(seed: int, *names: str | int) -> bytes:
    """The SHA-256 of `seed` and the names, joined by colons."""
    return hashlib.sha256(":".join(map(str, (seed, *names))).encode()).digest()


def shuffled(ids: Iterable[str], seed: int) -> list[str]:
    """The ids in a random order in which each id's rank depends only on the seed and that id."""
    return sorted(ids, key=lambda id: digest(seed, id))
