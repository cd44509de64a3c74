"""A user's own pairs: two folders of equally named images."""

from functools import cached_property
from pathlib import Path

import numpy as np

from mia_exp.config import FolderDataset
from mia_exp.data.files import check_side, fingerprint, images_by_stem, user_data_folder
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.source import WHOLE, Record
from mia_exp.errors import DataError

# How many names an error lists.
SHOWN = 5


class FolderPairs:
    """Pairs of `inputs/NAME.*` and `targets/NAME.*`; the id is NAME, which may lie in a subfolder (`a/b`).

    Args:
        config: Where the folders are.

    Attributes:
        name: The dataset's name.
    """

    def __init__(self, config: FolderDataset) -> None:
        self.name = config.name
        root = Path(config.root).expanduser() if config.root else user_data_folder() or Path()
        self._inputs_folder = root / config.inputs
        self._targets_folder = root / config.targets

    def records(self) -> list[Record]:
        """Lists the pairs in natural order.

        Raises:
            DataError: A folder is missing or empty, or an image has no partner.
        """
        return [Record(id, WHOLE, x.stat().st_size + y.stat().st_size) for id, (x, y) in self._files.items()]

    def fingerprint(self) -> str:
        """Returns the SHA-256 of the files' names and bytes."""
        return fingerprint(
            (f"{side}/{id}", path)
            for id, pair in self._files.items()
            for side, path in zip(("inputs", "targets"), pair, strict=True)
        )

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair; see `PairSource.load`."""
        halves = []
        conversions: Conversions = frozenset()
        for path in self._files[id]:
            image, done = decode(path)
            check_side(image, minimum, path)
            halves.append(resize(image, size))
            conversions |= done
        x, y = halves
        return x, y, conversions

    @cached_property
    def _files(self) -> dict[str, tuple[Path, Path]]:
        if self._inputs_folder.resolve() == self._targets_folder.resolve():
            raise DataError(
                f"dataset.inputs and dataset.targets are the same folder, {self._inputs_folder}: "
                "expected one of inputs and one of targets."
            )
        inputs = images_by_stem(self._inputs_folder, recursive=True)
        targets = images_by_stem(self._targets_folder, recursive=True)
        self._check_paired(inputs, targets)
        return {id: (path, targets[id]) for id, path in inputs.items()}

    def _check_paired(self, inputs: dict[str, Path], targets: dict[str, Path]) -> None:
        alone = [path for id, path in inputs.items() if id not in targets]
        alone += [path for id, path in targets.items() if id not in inputs]
        if alone:
            names = ", ".join(map(str, alone[:SHOWN])) + (", ..." if len(alone) > SHOWN else "")
            raise DataError(
                f"expected equally named images in {self._inputs_folder} and {self._targets_folder}, "
                f"found {len(alone)} without a partner: {names}. Rename or remove them."
            )
