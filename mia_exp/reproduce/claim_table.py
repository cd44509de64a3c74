"""The table that docs/results.md opens with: the paper's claims, what was run, the estimates and the verdicts."""

from collections.abc import Sequence

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.claim_cells import Cell
from mia_exp.reproduce.claims import CLAIMS, Untested
from mia_exp.reproduce.findings import Outcome
from mia_exp.reproduce.scale_results import DATASETS, NAMES, SPLITS, VICTIMS, Results

HEADER = ["item", "the paper's claim", "tested by", "what was run", "estimate", "verdict"]
ABOUT = (
    "A claim *held* if it held in every cell: for every victim and dataset that the paper makes it for, on every "
    "kind of split. It is *refuted* if one cell refuted it, and *open* otherwise. A cell is decided by an interval "
    "over images and seeds together, corrected for the number of the claim's cells (Bonferroni). The estimates are "
    "means over the cells of each kind of split, with 95 % intervals; AUCs and accuracies in percent, their "
    "differences in points. [cells.csv](../results/{scale}/cells.csv) has every cell."
)


def render_claims(outcomes: Sequence[Outcome], results: Results) -> str:
    """One row per claim.

    Args:
        outcomes: What the results say, by claim.
        results: The results at one scale.
    """
    by_name = {outcome.claim.name: outcome for outcome in outcomes}
    rows = []
    for claim in CLAIMS:
        if isinstance(claim, Untested):
            rows.append([label(claim.item), claim.text, "–", "–", "–", f"not tested: {claim.why}"])
            continue
        outcome = by_name[claim.name]
        what = described([finding.cell for finding in outcome.findings], results) or "nothing yet"
        estimates = "<br>".join(f"{split}: {found}" for split, found in outcome.by_split.items()) or "–"
        rows.append([label(claim.item), claim.text, claim.test, what, estimates, outcome.verdict])
    scale = results.folder.name
    return f"### Claims of the paper\n\n{ABOUT.format(scale=scale)}\n\n{markdown_table(HEADER, rows)}"


def render_remarks(outcomes: Sequence[Outcome]) -> str:
    """Where a claim did not hold: the cells that refuted it, and the strongest other explanation."""
    estimates = {
        outcome.claim.name: "; ".join(f"{s}: {e}" for s, e in outcome.by_split.items()) for outcome in outcomes
    }
    lines = []
    for outcome in outcomes:
        against = [finding for finding in outcome.findings if finding.held is False]
        remark = outcome.claim.remark.format_map(estimates)
        if against:
            cells = "; ".join(f"{finding.title}: {finding.estimate}" for finding in against)
            lines.append(
                f"- **{label(outcome.claim.item)}**, {outcome.claim.text} Refuted in {cells}. {remark}".rstrip()
            )
        elif remark and outcome.held is None and outcome.findings:
            lines.append(f"- **{label(outcome.claim.item)}**, {outcome.claim.text} {remark}")
    return "### Where the paper did not hold\n\n" + "\n".join(lines) if lines else ""


def described(cells: Sequence[Cell], results: Results) -> str:
    """`pix2pix, pix2pixHD; Facades (5 seeds, 100 + 100), ...; 64 px; random, matched, official`."""
    if not cells:
        return ""
    victims = [NAMES[victim] for victim in VICTIMS if any(cell.case.victim == victim for cell in cells)]
    datasets = []
    for dataset in DATASETS:
        chosen = [cell for cell in cells if cell.case.dataset == dataset]
        if chosen:
            seeds = max(len(cell.tables) for cell in chosen)
            sizes = sorted({len(table) // 2 for cell in chosen for table in cell.tables.values()})
            datasets.append(f"{NAMES[dataset]} ({seeds} seeds, {' or '.join(map(str, sizes))} pairs)")
    sides = sorted({run.about["victim"]["image_size"] for run in results.runs("table1")})
    splits = [split for split in SPLITS if any(cell.case.split == split for cell in cells)]
    parts = [", ".join(victims), ", ".join(datasets), ", ".join(f"{side} px" for side in sides), ", ".join(splits)]
    return "; ".join(part for part in parts if part)


def label(item: str) -> str:
    """`table1` -> `Table 1`, `fig10` -> `Fig. 10`."""
    return f"Table {item[5:]}" if item.startswith("table") else f"Fig. {item[3:]}"
