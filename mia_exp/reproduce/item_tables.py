"""The paper's tables with this package's results below the published numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.estimates import SeedEstimate
from mia_exp.reproduce.published import CASES, PUBLISHED, Published
from mia_exp.reproduce.runs import Run
from mia_exp.reproduce.scale_results import NAMES, SPLITS, Case, Results


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        label: Its name.
        published: The row's key in `PUBLISHED`; empty for a row that the paper does not have.
        experiment: The experiment with the results.
        column: The column of its results.
        accuracy: Whether the row is an accuracy at the attack's own threshold instead of an AUC.
    """

    label: str
    published: str
    experiment: str
    column: str
    accuracy: bool = False

    def runs(self, results: Results, case: Case) -> list[Run]:
        """The finished runs of a cell."""
        return results.select(self.experiment, case)

    def estimate(self, results: Results, case: Case) -> SeedEstimate | None:
        """The AUC over seeds; None if no run has finished."""
        return results.auc(self.experiment, case, self.column)

    def numbers(self, case: Case) -> list[Published]:
        """The published numbers of a cell."""
        return PUBLISHED.get(self.published, {}).get((case.victim, case.dataset), [])


TABLES: dict[str, tuple[Line, ...]] = {
    "table1": (
        Line("L_rec", "l_rec", "table1", "l_rec"),
        Line("L_mem", "l_mem", "table1", "l_mem"),
        Line("L_mem, alpha from the slope", "", "table1", "l_mem_slope"),
        Line("L_mem, the released script's definition", "", "table1_released", "l_mem"),
        Line("L_rec, stochastic queries", "", "table1_stochastic", "l_rec"),
        Line("L_mem, stochastic queries", "", "table1_stochastic", "l_mem"),
    ),
    "table2": (
        Line("L_mem, single image", "l_mem", "table1", "l_mem"),
        Line("single image, alpha from the slope", "", "table1", "l_mem_slope"),
        Line("supervised difficulty", "l_mem_vsd", "table2", "l_mem_vsd"),
        Line("supervised, alpha from the slope", "", "table2", "l_mem_vsd_slope"),
        Line("multi-image", "l_mem_multi", "table2_multi_image", "l_mem_multi"),
        Line("multi-image, alpha from the slope", "", "table2_multi_image", "l_mem_multi_slope"),
        Line("multi-image, BDD100K", "l_mem_multi_bdd", "table2_bdd", "l_mem_multi"),
        Line("multi-image, BDD100K, alpha from the slope", "", "table2_bdd", "l_mem_multi_slope"),
    ),
    "table3": (
        Line("L_mem", "l_mem", "table1", "l_mem"),
        Line("shadow-model classifier", "shadow_score", "table3", "shadow_score"),
        Line("its accuracy", "shadow_accuracy", "table3", "shadow_score", accuracy=True),
        Line("the same, BDD100K", "shadow_score_bdd", "table3_bdd", "shadow_score"),
        Line("its accuracy, BDD100K", "shadow_accuracy_bdd", "table3_bdd", "shadow_score", accuracy=True),
    ),
    "table4": (
        Line("L_mem (base)", "l_mem", "table1", "l_mem"),
        Line("L_mem,aug", "l_mem_aug", "table4", "l_mem_aug"),
        Line("L_mem,aug, alpha from the slope", "", "table4", "l_mem_aug_slope"),
        Line("L_mem,aug, flips alone", "", "table4_flips", "l_mem_aug"),
        Line("L_mem,aug, crops alone", "", "table4_crop", "l_mem_aug"),
        Line("L_mem,aug, enlargement alone", "", "table4_enlarged", "l_mem_aug"),
    ),
    # pix2pix on Facades alone, at another size.
    "sizes": (
        Line("L_rec", "l_rec", "sizes", "l_rec"),
        Line("L_mem", "l_mem", "sizes", "l_mem"),
        Line("L_mem, alpha from the slope", "", "sizes", "l_mem_slope"),
        Line("L_mem,aug", "l_mem_aug", "sizes_augmented", "l_mem_aug"),
    ),
}


def render_table(name: str, results: Results) -> str:
    """The table in the paper's layout, with this package's rows below the published ones.

    Args:
        name: Such as `table4`.
        results: The results at one scale.
    """
    columns = CASES[:1] if name == "sizes" else CASES
    header = ["", *(f"{NAMES[victim]} {NAMES[dataset]}" for victim, dataset in columns)]
    rows = []
    for line in TABLES[name]:
        if line.published:
            published = [_published(line.numbers(Case(*case, SPLITS[0]))) for case in columns]
            rows.append([f"**{line.label}**, paper", *published])
        for split in SPLITS:
            found = [_measured(line, results, Case(*case, split)) for case in columns]
            if any(found):
                rows.append([f"{line.label}, {split} split", *(cell or "–" for cell in found)])
    return markdown_table(header, rows)


def lines_of(results: Results) -> Iterator[tuple[str, Line, Case, SeedEstimate]]:
    """Every AUC of the tables: the table, the row, the case and the estimate."""
    for name, lines in TABLES.items():
        for line in lines:
            for case in (Case(*case, split) for case in CASES for split in SPLITS):
                if not line.accuracy and (found := line.estimate(results, case)):
                    yield name, line, case, found


def scale_title(run: Run) -> str:
    """`scale=cpu: 64 pixels`: the label of each figure."""
    return f"scale={run.about['scale']}: {run.about['victim']['image_size']} pixels"


def strongest_blind(results: Results, case: Case) -> str:
    """The blind column furthest from 50 %, mean over the seeds: `62.0 (brightness; separates in 1 of 5)`."""
    runs = results.select("table1", case)
    if not runs:
        return ""
    blind = [run.about["blind"] for run in runs]
    means = {name: sum(found[name]["auc"] for found in blind) / len(blind) for name in blind[0]}
    name, mean = max(means.items(), key=lambda item: abs(item[1] - 0.5))
    separates = sum(found[name]["separates"] for found in blind)
    return f"{100 * mean:.1f} ({name}; separates in {separates} of {len(blind)})"


def _published(numbers: list[Published]) -> str:
    return "; ".join(dict.fromkeys(str(number.value) for number in numbers)) or "–"


def _measured(line: Line, results: Results, case: Case) -> str:
    if line.accuracy:
        values = [run.about["attacks"][line.column]["accuracy"] for run in line.runs(results, case)]
        return f"{100 * sum(values) / len(values):.1f}" if values else ""
    found = line.estimate(results, case)
    return "" if found is None else str(found)
