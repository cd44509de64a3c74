"""Safetensors files that this package writes: a format in the header, tensors, and the errors for other files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import safe_open

from mia_exp.core.errors import WeightsError
from mia_exp.core.reading import reason, short

if TYPE_CHECKING:
    from torch import Tensor

# Tensors that an error message lists.
MAX_LISTED = 3


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes:
        format: The header's value of `format`.
        name: Its name in messages, such as "a generator that mia_exp saved".
        advice: Where such files are found, as a sentence.
    """

    format: str
    name: str
    advice: str

    def read(self, path: Path, framework: str) -> tuple[dict[str, str], dict[str, Any]]:
        """Reads a file of this kind.

        Args:
            path: The file.
            framework: `pt` for torch tensors, `np` for NumPy arrays.

        Returns:
            The header, and the tensors by name.

        Raises:
            WeightsError: The file is missing, damaged, or of another kind.
        """
        if not path.is_file():
            raise WeightsError(f"{path}: there is no such file; expected {self.name}")
        try:
            with safe_open(path, framework=framework) as file:
                header = file.metadata() or {}
                if header.get("format") == self.format:
                    return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        except Exception as error:
            raise WeightsError(
                f"{path}: not a readable .safetensors file ({reason(error)}); expected {self.name}. "
                "Use another copy."
            ) from error
        raise WeightsError(f"{path}: not {self.name} (its header lacks the format {self.format!r}). {self.advice}")


def sort_metadata(path: Path) -> None:
    """Sorts a file's metadata in place, which safetensors writes in another order each time.

    So what is saved twice is the same to the byte, and a key into which a file's content enters is the same too.
    """
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= size:
            file.seek(8)
            file.write(text.ljust(size))


def check_tensors(path: Path, found: Mapping[str, "Tensor"], expected: Mapping[str, "Tensor"]) -> None:
    """Checks that tensors have the names, shapes and types of a network's state dict, and finite values.

    Args:
        path: Named in the message.
        found: The file's content.
        expected: The network's state dict, on the meta device: its values do not matter.

    Raises:
        WeightsError: One is missing or unknown, has another shape or type, or holds a value that is not finite.
    """
    names = [*(name for name in expected if name not in found), *(name for name in found if name not in expected)]
    differ = [f"{short(name)} is {'missing' if name in expected else 'unknown'}" for name in names]
    differ += [
        f"{name} is {_describe(found[name])} instead of {_describe(tensor)}"
        for name, tensor in expected.items()
        if name in found and _describe(found[name]) != _describe(tensor)
    ]
    if differ:
        more = f", and {len(differ) - MAX_LISTED} more" if len(differ) > MAX_LISTED else ""
        raise WeightsError(
            f"{path}: its tensors do not match its header: {', '.join(differ[:MAX_LISTED])}{more}. Use "
            "another copy of the file, as it was saved."
        )
    not_finite = [name for name, tensor in found.items() if not bool(tensor.isfinite().all())]
    if not_finite:
        raise WeightsError(
            f"{path}: {len(not_finite)} of its {len(found)} tensors hold values that are not finite, first "
            f"{not_finite[0]}: the file is damaged, or the training diverged. Use another copy, or train again."
        )


def _describe(tensor: "Tensor") -> str:
    return short(f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}")
