"""The files that a training leaves: above all a generator's, with what rebuilds it and what it was trained on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from mia_exp.config import FolderDataset, Pix2PixConfig, Pix2PixHDConfig
from mia_exp.errors import ConfigError, WeightsError
from mia_exp.reading import json_object, refusing, typed
from mia_exp.tensor_file import FileKind, check_tensors
from mia_exp.victims.generator import UNetGenerator
from mia_exp.victims.residual_generator import ResidualGenerator

FORMAT = "mia_exp generator 2"
LOSSES_FILE = "losses.csv"

Generator = UNetGenerator | ResidualGenerator
GENERATORS: dict[str, type[Generator]] = {"unet": UNetGenerator, "residual": ResidualGenerator}
# Those arguments of theirs that are settings of a victim, with their types.
ARGUMENTS: dict[str, dict[str, type]] = {
    "unet": {"image_size": int, "ngf": int, "dropout": bool},
    "residual": {"ngf": int, "downsamplings": int, "blocks": int, "local_enhancer": bool},
}
FILE_KIND = FileKind(
    FORMAT,
    "a generator that mia_exp saved",
    "Such files lie in the artifacts of a victim: generator-NNNN.safetensors.",
)


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
    header, state = FILE_KIND.read(path, "pt")
    with refusing(path, f"the header of {FILE_KIND.name}", FILE_KIND.advice, WeightsError):
        training_set = header["training_set"]
        cls, arguments = _architecture(json_object(header["architecture"]))
        # Without memory first: a header may describe a network that no machine can hold.
        with torch.device("meta"):
            expected = cls(**arguments).state_dict()
    check_tensors(path, state, expected)
    generator = cls(**arguments)
    generator.load_state_dict(state)
    return generator, training_set


def _architecture(described: dict[str, Any]) -> tuple[type[Generator], dict[str, Any]]:
    """The class and its arguments, checked by the limits of the settings that it is built from."""
    kind = typed(described.pop("kind"), str, "kind")
    if kind not in GENERATORS:
        raise ValueError(f"its kind {kind!r} is none of {', '.join(GENERATORS)}")
    arguments = {name: typed(described.pop(name), type, name) for name, type in ARGUMENTS[kind].items()}
    try:
        if kind == "unet":
            Pix2PixConfig(**arguments)
        else:
            Pix2PixHDConfig(**arguments)
            palette = arguments["palette"] = described.pop("palette")
            if palette is not None:
                FolderDataset(palette=typed(palette, list, "palette"))
            if palette == []:
                raise ValueError("its palette has no colours")
            arguments["instances"] = typed(described.pop("instances"), bool, "instances")
    except ConfigError as error:
        # It speaks of a setting that nobody made: the caller names the file.
        raise ValueError(str(error)) from error
    if described:
        raise ValueError(f"{', '.join(described)} is no part of a {kind}")
    return GENERATORS[kind], arguments
