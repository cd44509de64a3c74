"""docs/results.md: every table and figure of the paper beside mia_exp's, made from results/ alone."""

from collections.abc import Sequence
from pathlib import Path

from mia_exp.core.errors import MiaError
from mia_exp.core.markdown import markdown_table
from mia_exp.core.storage import atomic_write
from mia_exp.data.readers.openmoji import ATTRIBUTION
from mia_exp.reproduce.catalogue import ITEMS, Item
from mia_exp.reproduce.cells import Cell, read_cells
from mia_exp.reproduce.claims import CLAIMS, Finding
from mia_exp.reproduce.item_tables import TABLES, render_numbers, render_table, render_verdicts
from mia_exp.reproduce.pictures import PICTURES
from mia_exp.reproduce.seed_spread import SEEDS, render_seeds
from mia_exp.reproduce.split_alone import render_split_alone

BEGIN, END = "<!-- from results/, by `mia-reproduce page` -->\n", "<!-- end -->\n"
PAGE = Path("docs/results.md")
SCALES = {
    "cpu": "Scaled down: 64-pixel victims with at most 100 pairs on two CPU cores. Not comparable with the paper.",
    "paper": "At the paper's size: 256 pixels, with its numbers of epochs and pairs.",
}


def write_page(results: Path, page: Path = PAGE) -> None:
    """Writes the generated part to the page, between its two marker lines.

    Args:
        results: Has one folder per scale.
        page: The page, with the markers `BEGIN` and `END`.

    Raises:
        MiaError: The page does not exist.
    """
    if not page.is_file():
        raise MiaError(f"{page}: there is no such file here; run this in the clone of mia_exp")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    with atomic_write(page) as path:
        path.write_text(f"{before}{BEGIN}\n{render(results)}\n{END}{after}", encoding="utf-8")


def render(results: Path) -> str:
    """The generated part, as Markdown."""
    blocks = []
    for scale, about in SCALES.items():
        folder = results / scale
        if not folder.is_dir():
            blocks.append(f"## scale={scale}\n\nNothing has been run at this scale yet.")
            continue
        blocks.append(f"## scale={scale}\n\n{about}")
        blocks += [_claims(folder), _split_alone(folder)]
        blocks += [_item(item, folder, scale) for item in ITEMS.values() if _has(item, folder)]
        without = [item for item in ITEMS.values() if not _has(item, folder)]
        if without:
            names = ", ".join(item.name for item in without)
            blocks.append(f"Not run at this scale: {names}.")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _item(item: Item, folder: Path, scale: str) -> str:
    cells = read_cells(folder, item.experiments)
    heading = f"### {_label(item)}: {item.title}\n\n    make reproduce-{item.name} scale={scale}"
    parts = [heading]
    if item.name in TABLES:
        parts.append(render_table(item.name, cells))
        verdicts = render_verdicts(item.name, cells)
        parts.append(f"<details><summary>Each number beside the paper's</summary>\n\n{verdicts}\n\n</details>")
    elif item.name in SEEDS:
        parts.append(render_seeds(cells))
    elif (folder / f"{item.name}.png").is_file():
        parts.append(f"![{item.title}](../results/{scale}/{item.name}.png)")
    elif item.name in PICTURES:
        parts.append(
            "It shows images of the dataset, which must not be redistributed: the command writes it to "
            f"`outputs/reproduce/{scale}/{item.name}/`."
        )
    if item.name not in TABLES and cells:
        parts.append(f"<details><summary>Its numbers</summary>\n\n{render_numbers(cells)}\n\n</details>")
    if item.name == "fig2":
        parts.append(f"Drawn from a run on the embedded drawings. {ATTRIBUTION}")
    parts.append(_made(cells))
    missing = [cell.name for cell in cells if cell.metrics is None]
    if missing:
        parts.append("Missing: " + "; ".join(f"`{name}`" for name in missing) + ".")
    return "\n\n".join(part for part in parts if part)


def _made(cells: Sequence[Cell]) -> str:
    """The devices and commits that made the results."""
    records = [cell.metrics["provenance"] for cell in cells if cell.metrics is not None]
    devices = dict.fromkeys(record["device"] for record in records)
    commits = dict.fromkeys(f"`{record['git'][:8]}`" for record in records if record["git"])
    return f"Made on {', '.join(devices)}; commit {', '.join(commits)}." if records else ""


def _claims(folder: Path) -> str:
    rows = []
    for claim in CLAIMS:
        findings = claim.findings(read_cells(folder, claim.experiments))
        if findings:
            counts = [str(_count(findings, held)) for held in (True, None, False)]
            rows.append([claim.text, *counts, _against(findings)])
    if not rows:
        return ""
    header = ["Claim of the paper", "held", "open", "refuted", "where refuted"]
    about = (
        "Numbers of cells. Attacks on the same images are compared by their paired difference: open means that its "
        "95 % interval includes zero. Two jobs are compared by their intervals: open means that these overlap."
    )
    return f"### Claims of the paper\n\n{about}\n\n{markdown_table(header, rows)}"


def _split_alone(folder: Path) -> str:
    table = render_split_alone(read_cells(folder, ["table1"]))
    about = "Blind columns do not query the model: their AUC on the official split is due to the split alone."
    return f"### Effect of the split alone\n\n{about}\n\n{table}" if table else ""


def _count(findings: list[Finding], held: bool | None) -> int:
    return sum(finding.held is held for finding in findings)


def _against(findings: list[Finding]) -> str:
    return "; ".join(f"{finding.cell}: {finding.detail}" for finding in findings if finding.held is False)


def _has(item: Item, folder: Path) -> bool:
    cells: list[Cell] = read_cells(folder, item.experiments)
    return any(cell.metrics is not None for cell in cells) or (folder / f"{item.name}.png").is_file()


def _label(item: Item) -> str:
    for prefix, kind in (("table", "Table"), ("fig", "Figure")):
        if item.name.startswith(prefix):
            return f"{kind} {item.name.removeprefix(prefix)}"
    return item.name.split("_")[0].capitalize()
