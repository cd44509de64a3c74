"""Your own pairs: two folders of equally named images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mia_exp.core.check import require
from mia_exp.core.errors import DataError
from mia_exp.core.keys import harmless
from mia_exp.data.files import check_side, fingerprint, images_by_stem, user_data_folder
from mia_exp.data.image import Conversions, decode, resize
from mia_exp.data.label_hint import label_hint
from mia_exp.data.labels import (
    as_palette,
    check_palette,
    colour_map,
    instance_boundaries,
    paint,
    read_colours,
    read_indices,
    read_numbers,
    resize_numbers,
)
from mia_exp.data.pair_source import ALL, CONTENT, Dataset, InputLayout, PairSource, Record
from mia_exp.data.pillow import header_size

# Names that an error message lists.
MAX_LISTED = 5


@dataclass
class FolderDataset(Dataset):
    """Two folders of equally named images: one of inputs, one of targets.

    Attributes:
        root: Folder that the others are relative to, or null: `$MIA_EXP_DATA`, or else the current folder.
        inputs: Folder of x.
        targets: Folder of y.
        palette: Colours [red, green, blue] of the classes, if the inputs are colour-coded label maps.
        palette_tolerance: Share of a label map's pixels that may be in areas of a colour outside of the palette.
        index_classes: Number of classes, if the pixels of the inputs are class numbers.
        instances: Folder of images whose pixels are instance numbers, or null for none.
    """

    name: str = "folder"
    root: str | None = harmless(None, because=CONTENT)
    inputs: str = harmless("inputs", because=CONTENT)
    targets: str = harmless("targets", because=CONTENT)
    palette: list[list[int]] | None = None
    palette_tolerance: float = 0.0
    index_classes: int | None = None
    instances: str | None = harmless(None, because=CONTENT)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_palette(self.palette, self.palette_tolerance)
        require(
            self.palette is None or self.index_classes is None,
            "dataset.palette and dataset.index_classes: label maps are colour-coded or have class numbers; set one",
        )
        require(
            self.index_classes is None or 2 <= self.index_classes <= 256,
            f"dataset.index_classes={self.index_classes}: expected a number of classes from 2 to 256",
        )

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "FolderPairs":
        """Opens the folders; see `Dataset.open`."""
        return FolderPairs(self, labels)


class FolderPairs(PairSource):
    """Pairs of `inputs/NAME.*` and `targets/NAME.*`; the id is NAME, which may include subfolders (`a/b`).

    Args:
        config: The folders.
        labels: Read inputs as label maps, if the dataset has classes.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.
    """

    def __init__(self, config: FolderDataset, labels: bool = False) -> None:
        self.name = config.name
        self._config = config
        palette = as_palette(config.palette)
        if config.index_classes is not None:
            palette = colour_map(config.index_classes)
        self._palette = palette
        self._labels = labels and palette is not None
        instances = self._labels and config.instances is not None
        self.layout = InputLayout(palette, instances) if self._labels else InputLayout()
        root = Path(config.root).expanduser() if config.root else user_data_folder() or Path()
        self._inputs_folder = root / config.inputs
        self._targets_folder = root / config.targets
        self._instances_folder = root / config.instances if config.instances and self._labels else None

    def records(self) -> list[Record]:
        """Lists the pairs in natural order.

        Raises:
            DataError: A folder is missing or empty, or an image has no counterpart.
        """
        return [Record(id, ALL, x.stat().st_size + y.stat().st_size) for id, (x, y) in self._files.items()]

    def fingerprint(self, ids: Sequence[str]) -> str:
        """The SHA-256 of the files' names and bytes; see `PairSource.fingerprint`."""
        files = [
            (f"{side}/{id}", path)
            for id in ids
            for side, path in zip(("inputs", "targets"), self._files[id], strict=True)
        ]
        if self._instances_folder is not None:
            files += [(f"instances/{id}", self._instances[id]) for id in ids]
        return fingerprint(files)

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """The sizes of input and target; see `PairSource.sides`."""
        return [(path, *header_size(path)) for path in self._files[id]]

    def hint(self, ids: Sequence[str]) -> str | None:
        """A hint that the inputs look like label maps, if no setting reads them as label maps."""
        return None if self._palette is not None else label_hint([self._files[id][0] for id in ids])

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Decodes one pair; see `PairSource.load`."""
        input_path, target_path = self._files[id]
        y, conversions = decode(target_path)
        check_side(y, minimum, target_path)
        x, done = self._input(id, input_path, size, minimum)
        return x, resize(y, size), conversions | done

    def _input(self, id: str, path: Path, size: int, minimum: int) -> tuple[np.ndarray, Conversions]:
        config, palette = self._config, self._palette
        done: Conversions = frozenset()
        if config.index_classes is not None and palette is not None:
            classes = read_indices(path, config.index_classes)
            check_side(classes, minimum, path)
        else:
            image, done = decode(path)
            check_side(image, minimum, path)
            if not self._labels or palette is None:
                return resize(image, size), done
            classes = read_colours(image, palette, config.palette_tolerance, path)
        x = paint(resize_numbers(classes, size), palette)
        if self._instances_folder is None:
            return x, done
        boundaries = instance_boundaries(resize_numbers(read_numbers(self._instances[id]), size))
        return np.dstack([x, boundaries]), done

    @cached_property
    def _files(self) -> dict[str, tuple[Path, Path]]:
        if self._inputs_folder.resolve() == self._targets_folder.resolve():
            raise DataError(
                f"dataset.inputs and dataset.targets are the same folder, {self._inputs_folder}: "
                "expected one folder of inputs and one of targets."
            )
        inputs = images_by_stem(self._inputs_folder, recursive=True)
        targets = images_by_stem(self._targets_folder, recursive=True)
        self._check_paired(inputs, targets)
        for id in inputs:
            if self._instances_folder is not None and id not in self._instances:
                raise DataError(
                    f"{self._instances_folder}: expected an image of instance numbers for each input, found none "
                    f"named {id}. Add it, or set dataset.instances=null."
                )
        return {id: (path, targets[id]) for id, path in inputs.items()}

    @cached_property
    def _instances(self) -> dict[str, Path]:
        return {} if self._instances_folder is None else images_by_stem(self._instances_folder, recursive=True)

    def _check_paired(self, inputs: dict[str, Path], targets: dict[str, Path]) -> None:
        unpaired = [path for id, path in inputs.items() if id not in targets]
        unpaired += [path for id, path in targets.items() if id not in inputs]
        if unpaired:
            names = ", ".join(map(str, unpaired[:MAX_LISTED])) + (", ..." if len(unpaired) > MAX_LISTED else "")
            raise DataError(
                f"expected equally named images in {self._inputs_folder} and {self._targets_folder}, "
                f"found {len(unpaired)} without a counterpart: {names}. Rename or remove them."
            )
