"""docs/results.md: the paper's claims with what the results say, its tables and figures; from results/ alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mia_exp.core.errors import MiaError
from mia_exp.core.storage import atomic_write
from mia_exp.data.readers.openmoji import ATTRIBUTION
from mia_exp.reproduce.catalogue import ITEMS, Item
from mia_exp.reproduce.claim_table import render_claims, render_remarks
from mia_exp.reproduce.claims import CLAIMS, Claim
from mia_exp.reproduce.findings import Outcome, judge
from mia_exp.reproduce.item_tables import TABLES, render_table
from mia_exp.reproduce.lengths import render_lengths
from mia_exp.reproduce.number_tables import write_numbers
from mia_exp.reproduce.pictures import PICTURES
from mia_exp.reproduce.runs import Run, read_runs
from mia_exp.reproduce.scale_results import Results
from mia_exp.reproduce.setting import render_settings, seeds_of
from mia_exp.reproduce.split_alone import render_split_alone

BEGIN, END = "<!-- from results/, by `mia-reproduce page` -->\n", "<!-- end -->\n"
PAGE = Path("docs/results.md")
# The paper's split first; a figure for all of them has none in its name.
SPLITS_AND_NONE = ("official", "matched", "random", "")
SCALES = {
    "cpu": "64-pixel victims of at most 100 pairs on two CPU cores.",
    "half": "128 pixels, half the paper's, and all pairs of a dataset: pix2pix on Facades.",
    "paper": "The paper's 256 pixels, with its numbers of epochs and pairs.",
}


def write_page(results: Path, page: Path = PAGE) -> None:
    """Writes the generated part to the page, between its two marker lines, and the numbers beside the results.

    Args:
        results: Has one folder per scale.
        page: The page, with the markers `BEGIN` and `END`.

    Raises:
        MiaError: The page does not exist.
    """
    if not page.is_file():
        raise MiaError(f"{page}: there is no such file here; run this in the clone of mia_exp")
    scales = {scale: Results(results / scale) for scale in SCALES if any((results / scale).glob("*.json"))}
    found = {scale: outcomes(here) for scale, here in scales.items()}
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    with atomic_write(page) as path:
        path.write_text(f"{before}{BEGIN}\n{render(scales, found)}\n{END}{after}", encoding="utf-8")
    for scale, of_scale in found.items():
        write_numbers(scales[scale], of_scale, results / scale)


def outcomes(results: Results) -> list[Outcome]:
    """What the results of one scale say on each claim."""
    return [judge(claim, results) for claim in CLAIMS if isinstance(claim, Claim)]


def render(scales: Mapping[str, Results], found: Mapping[str, Sequence[Outcome]]) -> str:
    """The generated part, as Markdown.

    Args:
        scales: The results by scale; scales without results are left out.
        found: What they say on each claim.
    """
    blocks = []
    for scale, about in SCALES.items():
        heading = f"## scale={scale}\n\n{about}"
        if scale not in scales:
            blocks.append(f"{heading} Nothing has been run at this scale yet.")
            continue
        here = scales[scale]
        if scale == "half":
            blocks += [heading, _item(ITEMS["sizes"], here), render_settings(here)]
            continue
        blocks += [heading, render_claims(found[scale], here), render_remarks(found[scale])]
        blocks += [render_settings(here), render_split_alone(here)]
        blocks += [_item(item, here) for item in ITEMS.values() if _has(item, here.folder)]
        without = [item.name for item in ITEMS.values() if not _has(item, here.folder) and item.name != "sizes"]
        if without:
            blocks.append(f"Not run at this scale: {', '.join(without)}.")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _item(item: Item, results: Results) -> str:
    scale, runs = results.folder.name, read_runs(results.folder, item.experiments)
    parts = [f"### {_label(item)}: {item.title}\n\n    make reproduce-{item.name} scale={scale}"]
    if item.name in TABLES:
        parts.append(render_table(item.name, results))
    if item.name == "lengths":
        parts.append(render_lengths(results))
    figures = [path for split in SPLITS_AND_NONE if (path := _figure(item, results.folder, split)).is_file()]
    # The paper's split, and the one that balances the two groups; the rest is linked.
    parts += [f"![{item.title}](../results/{scale}/{path.name})" for path in figures[:2]]
    if figures[2:]:
        links = [f"[{path.stem}](../results/{scale}/{path.name})" for path in figures[2:]]
        parts.append(f"Also: {', '.join(links)}.")
    if item.name in PICTURES:
        parts.append(
            "It shows images of the dataset, which must not be redistributed: the command writes it to "
            f"`outputs/reproduce/{scale}/{item.name}/`."
        )
    if item.name == "fig2":
        parts.append(f"Drawn from a run on the embedded drawings. {ATTRIBUTION}")
    parts.append(_made(runs))
    missing = [f"{run.experiment}: {run.name}" for run in runs if run.metrics is None]
    if missing:
        parts.append(f"Missing: {len(missing)} of {len(runs)} runs, such as `{missing[0]}`.")
    return "\n\n".join(part for part in parts if part)


def _figure(item: Item, folder: Path, split: str) -> Path:
    return folder / (f"{item.name}-{split}.png" if split else f"{item.name}.png")


def _made(runs: Sequence[Run]) -> str:
    """The seeds, devices and commits that made the results."""
    done = [run for run in runs if run.metrics is not None]
    if not done:
        return ""
    records = [run.about["provenance"] for run in done]
    devices = dict.fromkeys(record["device"] for record in records)
    commits = dict.fromkeys(f"`{record['git'][:8]}`" for record in records if record["git"])
    return f"{len(done)} runs, seeds {seeds_of(done)}. Made on {', '.join(devices)}; commit {', '.join(commits)}."


def _has(item: Item, folder: Path) -> bool:
    if any(run.metrics is not None for run in read_runs(folder, item.experiments)):
        return True
    return any(_figure(item, folder, split).is_file() for split in SPLITS_AND_NONE)


def _label(item: Item) -> str:
    for prefix, kind in (("table", "Table"), ("fig", "Figure")):
        if item.name.startswith(prefix):
            return f"{kind} {item.name.removeprefix(prefix)}"
    return item.name.capitalize()
