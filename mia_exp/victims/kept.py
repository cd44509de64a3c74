"""What the files of a training are called, and what they say of its training set."""

import hashlib
import json
from collections.abc import Sequence


def generator_file(epoch: int) -> str:
    """Name of the file that holds the generator after `epoch` epochs."""
    return f"generator-{epoch:04d}.safetensors"


def training_set_hash(ids: Sequence[str]) -> str:
    """SHA-256, in hexadecimal, over the ids that a model is trained on, in their order."""
    return hashlib.sha256(json.dumps(list(ids)).encode()).hexdigest()
