"""What the paper says in words, held against our numbers: each claim in every cell that can speak to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mia_exp.reproduce.cells import Cell
from mia_exp.reproduce.tables import NAMES


@dataclass(frozen=True)
class Finding:
    """One cell's word on a claim.

    Attributes:
        cell: Which.
        held: True, False, or None where the interval leaves it open.
        detail: The numbers.
    """

    cell: str
    held: bool | None
    detail: str


@dataclass(frozen=True)
class Claim:
    """A statement of the paper.

    Attributes:
        text: What it says.
        experiments: Where it is looked for.
        judge: A cell's word on it, or None where the cell has none.
    """

    text: str
    experiments: tuple[str, ...]
    judge: Callable[[Cell], Finding | None]

    def findings(self, cells: Sequence[Cell]) -> list[Finding]:
        """All cells that can speak to it."""
        judged = (self.judge(cell) for cell in cells if cell.experiment in self.experiments)
        return [finding for finding in judged if finding is not None]


def _difference(name: str) -> Callable[[Cell], Finding | None]:
    """The claim that a paired difference of AUC is above zero."""

    def judge(cell: Cell) -> Finding | None:
        delta = cell.delta(name)
        if delta is None:
            return None
        low, high = delta["ci95"]
        held = True if low > 0 else False if high < 0 else None
        return Finding(_title(cell), held, f"{delta['auc']:+.3f} [{low:+.3f}, {high:+.3f}]")

    return judge


def _title(cell: Cell) -> str:
    words = (cell.overrides.get("victim", "pix2pix"), cell.overrides.get("dataset", ""))
    seed = cell.overrides.get("seed")
    named = " ".join(NAMES.get(word, word) for word in words)
    return f"{named}, {cell.overrides.get('split', 'random')} split{f', seed {seed}' if seed else ''}"


CLAIMS = (
    Claim(
        "Subtracting the difficulty improves on the reconstruction error (Table 1).",
        ("table1",),
        _difference("l_mem - l_rec"),
    ),
    Claim(
        "The difficulty that people's search times teach improves on it too (Table 2).",
        ("table2",),
        _difference("l_mem_vsd - l_rec"),
    ),
    Claim("So does a shadow model's error (Table 2).", ("table2_multi_image",), _difference("l_mem_multi - l_rec")),
    Claim(
        "Augmented queries and the difficulty together improve on it (Table 4).",
        ("table4",),
        _difference("l_mem_aug - l_rec"),
    ),
)
