"""Reading a network's weights from a file, without running code from it."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from mia_exp.core.errors import WeightsError

StateDict = dict[str, torch.Tensor]


def read_state_dict(path: Path) -> StateDict:
    """Reads a `.safetensors` file or a `torch.save`d state dict, without running code from it.

    Raises:
        WeightsError: The file is damaged or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        sound = isinstance(state, dict) and all(
            isinstance(name, str) and isinstance(value, torch.Tensor) and bool(value.isfinite().all())
            for name, value in state.items()
        )
    except Exception as error:
        # torch.load raises whatever its reader met: a bad archive, a refused class, a truncated tensor.
        raise _unreadable(path) from error
    if not sound:
        raise _unreadable(path)
    return state


def _unreadable(path: Path) -> WeightsError:
    return WeightsError(
        f"{path}: not a state dict of finite numbers that can be read. Expected a .safetensors file, "
        "or a .pth file that torch.save made of a model's state_dict()."
    )
