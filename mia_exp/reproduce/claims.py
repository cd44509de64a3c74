"""The paper's claims, tested against the results of mia_exp in every cell that a claim applies to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mia_exp.reproduce.cells import Cell
from mia_exp.reproduce.item_tables import NAMES

# The overrides that identify a case, whatever else is swept.
CASE = ("victim", "dataset", "split", "features")


@dataclass(frozen=True)
class Finding:
    """The result of testing a claim on one or two cells.

    Attributes:
        cell: The title of the cell.
        held: True, False, or None if the interval leaves it open.
        detail: The numbers.
    """

    cell: str
    held: bool | None
    detail: str


@dataclass(frozen=True)
class Claim:
    """A statement of the paper.

    Attributes:
        text: The claim.
        experiments: The experiments that it is tested on.
        test: Tests it on the cells of these experiments.
    """

    text: str
    experiments: tuple[str, ...]
    test: Callable[[Sequence[Cell]], list[Finding]]

    def findings(self, cells: Sequence[Cell]) -> list[Finding]:
        """The results of the test; cells that have not finished are skipped."""
        return self.test(
            [cell for cell in cells if cell.experiment in self.experiments and cell.metrics is not None]
        )


def _difference(name: str) -> Callable[[Sequence[Cell]], list[Finding]]:
    """The claim that a paired difference of AUC is above zero."""

    def test(cells: Sequence[Cell]) -> list[Finding]:
        findings = []
        for cell in cells:
            if delta := cell.delta(name):
                low, high = delta["ci95"]
                held = True if low > 0 else False if high < 0 else None
                findings.append(Finding(_title(cell), held, f"{delta['auc']:+.3f} [{low:+.3f}, {high:+.3f}]"))
        return findings

    return test


def _larger(
    this: tuple[Mapping[str, str], str], than: tuple[Mapping[str, str], str]
) -> Callable[[Sequence[Cell]], list[Finding]]:
    """The claim that one cell's AUC, or gain in AUC, is larger than another's: open where the intervals overlap.

    Two attacks are compared by their paired gains over L_rec on the same images, which have narrower intervals.

    Args:
        this: Overrides that select one cell of a case (may be empty), and the column or difference.
        than: The same for the other cell.
    """

    def test(cells: Sequence[Cell]) -> list[Finding]:
        findings = []
        for case in dict.fromkeys(_case(cell) for cell in cells):
            members = [cell for cell in cells if _case(cell) == case]
            one, other = _pick(members, *this), _pick(members, *than)
            if one and other:
                held = True if one[1] > other[2] else False if one[2] < other[1] else None
                detail = " against ".join(
                    f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in (one, other)
                )
                findings.append(Finding(_title(members[0]), held, detail))
        return findings

    return test


def _on(victim: str, test: Callable[[Sequence[Cell]], list[Finding]]) -> Callable[[Sequence[Cell]], list[Finding]]:
    """The same claim, for one kind of victim only."""
    return lambda cells: test([cell for cell in cells if cell.overrides["victim"] == victim])


def _pick(cells: Sequence[Cell], about: Mapping[str, str], name: str) -> tuple[float, float, float] | None:
    """A column or difference of the first matching cell, with its interval.

    `first` and `last` in `about` mean the smallest and largest swept value.
    """
    for key, wanted in about.items():
        values = sorted({float(cell.overrides[key]) for cell in cells if key in cell.overrides})
        if not values:
            return None
        value = {"first": values[0], "last": values[-1]}[wanted]
        cells = [cell for cell in cells if key in cell.overrides and float(cell.overrides[key]) == value]
    for cell in cells:
        if delta := cell.delta(name):
            return delta["auc"], *delta["ci95"]
        if result := cell.result(name):
            return result["auc"], *result["auc_ci95"]
    return None


def _case(cell: Cell) -> tuple[str, ...]:
    return tuple(cell.overrides.get(key, "") for key in CASE)


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
        "So does the supervised difficulty (Table 2).",
        ("table2",),
        _difference("l_mem_vsd - l_rec"),
    ),
    Claim("So does a shadow model's error (Table 2).", ("table2_multi_image",), _difference("l_mem_multi - l_rec")),
    Claim(
        "The single-image difficulty is better than the supervised one (Table 2).",
        ("table1", "table2"),
        _larger(({}, "l_mem - l_rec"), ({}, "l_mem_vsd - l_rec")),
    ),
    Claim(
        "On pix2pixHD it is better than a shadow model's error (Table 2).",
        ("table1", "table2_multi_image"),
        _on("pix2pixhd", _larger(({}, "l_mem - l_rec"), ({}, "l_mem_multi - l_rec"))),
    ),
    Claim(
        "L_mem is better than the shadow-model classifier (Table 3).",
        ("table1", "table3"),
        _larger(({}, "l_mem - l_rec"), ({}, "shadow_score - l_rec")),
    ),
    Claim(
        "Augmented queries and the difficulty together improve on the reconstruction error (Table 4).",
        ("table4",),
        _difference("l_mem_aug - l_rec"),
    ),
    Claim(
        "The same with flips alone, the augmentation that pix2pixHD is trained with.",
        ("table4_flips",),
        _difference("l_mem_aug - l_rec"),
    ),
    Claim(
        "The longer the training, the better the attack (Fig. 9, first and last checkpoint).",
        ("fig9", "fig9_maps2sat"),
        _larger(({"query.epoch": "last"}, "l_mem"), ({"query.epoch": "first"}, "l_mem")),
    ),
    Claim(
        "Noise on the outputs weakens the attack (Fig. 10, no noise and the strongest).",
        ("fig10",),
        _larger(({"defense.sigma": "first"}, "l_mem"), ({"defense.sigma": "last"}, "l_mem")),
    ),
)
