"""Reading a network's weights from a file, without running code from it."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from mia_exp.core.errors import WeightsError

StateDict = dict[str, torch.Tensor]


def read_state_dict(path: Path) -> StateDict:
    """Reads a `.safetensors` file or a `torch.save`d state dict, without running code from it.

    Raises:
        WeightsError: The file is damaged or is not a state dict of finite numbers.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        valid = isinstance(state, dict) and all(
            isinstance(name, str) and isinstance(value, torch.Tensor) and bool(value.isfinite().all())
            for name, value in state.items()
        )
    except Exception as error:
        # torch.load raises many kinds of errors: for a damaged archive, a forbidden class, a truncated tensor.
        raise _unreadable(path) from error
    if not valid:
        raise _unreadable(path)
    return state


def _unreadable(path: Path) -> WeightsError:
    return WeightsError(
        f"{path}: not a readable state dict of finite numbers. Expected a .safetensors file, "
        "or a .pth file that torch.save wrote of a model's state_dict()."
    )
