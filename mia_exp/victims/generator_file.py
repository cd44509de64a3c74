"""The file of a generator, with what it was trained on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from mia_exp.core.errors import WeightsError
from mia_exp.core.reading import json_object, refusing, short, typed
from mia_exp.core.tensor_file import FileKind, check_tensors, sort_metadata

FORMAT = "mia_exp generator 3"

FILE_KIND = FileKind(
    FORMAT,
    "a generator that mia_exp saved",
    "Such files are in the artifacts of a victim: generator-NNNN.safetensors.",
)


def describe(generator: nn.Module) -> dict[str, Any]:
    """A generator's class name and `architecture`, as JSON types."""
    architecture: Any = generator.architecture
    described: dict[str, Any] = json.loads(json.dumps({"class": type(generator).__name__, **architecture}))
    return described


def save_generator(generator: nn.Module, path: Path, training_set: str) -> None:
    """Saves a generator with its architecture and the hash of its training set."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in generator.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "architecture": json.dumps(describe(generator), sort_keys=True),
        "training_set": training_set,
    }
    save_file(state, path, metadata)
    sort_metadata(path)


def load_generator(path: Path, build: Callable[[], nn.Module]) -> tuple[nn.Module, str]:
    """Reads a file that `save_generator` wrote.

    Args:
        path: The file.
        build: Builds a generator of the expected architecture, with any weights.

    Returns:
        The generator, and the hash of the training set.

    Raises:
        WeightsError: The file is missing, damaged, not written by mia_exp, or of another generator.
    """
    header, state = FILE_KIND.read(path, "pt")
    with refusing(path, f"the header of {FILE_KIND.name}", FILE_KIND.advice, WeightsError):
        training_set = typed(header["training_set"], str, "training_set")
        found = json_object(header["architecture"])
    # On the meta device first, to compare architectures without allocating memory.
    with torch.random.fork_rng(), torch.device("meta"):
        like = build()
    expected = describe(like)
    # Compared as text, since in Python True == 1.
    if json.dumps(found, sort_keys=True) != json.dumps(expected, sort_keys=True):
        names = sorted(name for name in {*found, *expected} if repr(found.get(name)) != repr(expected.get(name)))
        differences = ", ".join(
            f"{short(name)} {short(str(found.get(name)))} instead of {short(str(expected.get(name)))}"
            for name in names
        )
        raise WeightsError(
            f"{path}: not the generator that the configuration describes: {differences}. Choose the victim, its "
            "settings and the dataset that it was trained with."
        )
    check_tensors(path, state, like.state_dict())
    with torch.random.fork_rng():
        generator = build()
    generator.load_state_dict(state)
    return generator, training_set
