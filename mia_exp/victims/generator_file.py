"""The files that a training leaves: above all a generator's, with what rebuilds it and what it was trained on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from mia_exp.errors import WeightsError
from mia_exp.victims.generator import UNetGenerator
from mia_exp.victims.residual_generator import ResidualGenerator

FORMAT = "mia_exp generator 2"
LOSSES_FILE = "losses.csv"

Generator = UNetGenerator | ResidualGenerator
GENERATORS: dict[str, type[Generator]] = {"unet": UNetGenerator, "residual": ResidualGenerator}


def generator_file(epoch: int) -> str:
    """Name of the file that holds the generator after `epoch` epochs."""
    return f"generator-{epoch:04d}.safetensors"


def training_set_hash(ids: Sequence[str]) -> str:
    """SHA-256, in hexadecimal, over the ids that a model is trained on, in their order."""
    return hashlib.sha256(json.dumps(list(ids)).encode()).hexdigest()


def describe(generator: nn.Module) -> dict[str, object]:
    """What rebuilds the generator: its kind and its constructor's arguments."""
    for kind, cls in GENERATORS.items():
        if isinstance(generator, cls):
            return {"kind": kind, **generator.architecture}
    raise TypeError(f"{type(generator).__name__} is none of {', '.join(GENERATORS)}")


def save_generator(generator: nn.Module, path: Path, training_set: str) -> None:
    """Keeps a generator with what is needed to build it again and the hash of its training set."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in generator.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "architecture": json.dumps(describe(generator), sort_keys=True),
        "training_set": training_set,
    }
    save_file(state, path, metadata)


def load_generator(path: Path) -> tuple[Generator, str]:
    """Reads what `save_generator` wrote.

    Returns:
        The generator, and the hash of the training set.

    Raises:
        WeightsError: The file is missing, damaged, or not one of ours.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file; expected a generator that mia_exp saved")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a readable .safetensors file ({error})") from error
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path}: not a generator that mia_exp saved (its header lacks the format {FORMAT!r}). "
            "Such files lie in the artifacts of a victim: generator-NNNN.safetensors."
        )
    architecture = json.loads(metadata["architecture"])
    generator = GENERATORS[architecture.pop("kind")](**architecture)
    try:
        generator.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path}: its tensors do not fit its own header: {error}") from error
    return generator, metadata["training_set"]
