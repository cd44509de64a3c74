"""Seeds that are derived from a seed and names, so that no two uses of randomness share a stream."""

import hashlib


def derive(seed: int, *names: str | int) -> int:
    """Returns a 63-bit seed that depends only on `seed` and on each name."""
    text = ":".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
