"""What the results say on each claim."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from mia_exp.reproduce.claim_cells import Cell
from mia_exp.reproduce.claims import Claim
from mia_exp.reproduce.estimates import SeedEstimate, estimate, pooled, shown
from mia_exp.reproduce.scale_results import NAMES, SPLITS, Results

WORDS = {True: "held", None: "open", False: "refuted"}


@dataclass(frozen=True)
class Finding:
    """A claim in one cell.

    Attributes:
        cell: The cell.
        estimate: The estimate.
        held: Whether the claim holds there by an interval that is corrected for the number of cells; None for open.
    """

    cell: Cell
    estimate: SeedEstimate
    held: bool | None

    @property
    def title(self) -> str:
        """`pix2pix Facades, random split, sigma 0.4`."""
        return ", ".join(part for part in (self.cell.case.title, self.cell.detail) if part)


@dataclass(frozen=True)
class Outcome:
    """A claim in all its cells.

    Attributes:
        claim: The claim.
        findings: Its cells; none if nothing was run that tests it.
    """

    claim: Claim
    findings: list[Finding]

    @cached_property
    def counts(self) -> Counter[bool | None]:
        """How many cells held, were open, or refuted it."""
        return Counter(finding.held for finding in self.findings)

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Victims and datasets that the paper makes the claim for, and that nothing was run on."""
        tested = {(finding.cell.case.victim, finding.cell.case.dataset) for finding in self.findings}
        return [case for case in self.claim.cases if case not in tested]

    @property
    def held(self) -> bool | None:
        """True if it held in every cell, as the paper has it; False if a cell refuted it; None otherwise."""
        if self.counts[False]:
            return False
        return None if self.counts[None] or self.missing else True

    @property
    def verdict(self) -> str:
        """`held`, `open (14 of 18 held)`, `refuted (in 2 of 18; held in 9)` or `not tested` and why."""
        n, held = len(self.findings), self.counts[True]
        if not n:
            return f"not tested: {self.claim.untested}"
        words = [f"{held} of {n} held"] if self.held is None else []
        if self.held is False:
            words = [f"in {self.counts[False]} of {n}; held in {held}"]
        if self.missing:
            names = ", ".join(f"{NAMES[victim]} {NAMES[dataset]}" for victim, dataset in self.missing)
            words.append(f"not run: {names}")
        return f"**{WORDS[self.held]}**" + (f" ({'; '.join(words)})" if words else "")

    @cached_property
    def by_split(self) -> dict[str, str]:
        """The mean over the cells of each kind of split, with its interval."""
        found = {}
        for split in SPLITS:
            cells = [finding.estimate for finding in self.findings if finding.cell.case.split == split]
            if cells:
                found[split] = shown(cells[0].statistic, *pooled(cells))
        return found


def judge(claim: Claim, results: Results) -> Outcome:
    """Tests a claim on the results of one scale."""
    cells = list(claim.cells(results))
    estimates = [estimate(cell.tables, cell.statistic, cell.case.dataset) for cell in cells]
    held = [claim.criterion.holds(one.interval(len(cells))) for one in estimates]
    return Outcome(claim, [Finding(*parts) for parts in zip(cells, estimates, held, strict=True)])
