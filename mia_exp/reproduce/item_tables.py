"""The paper's tables with mia_exp's results beside them, as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.cells import Cell, backbone_of
from mia_exp.reproduce.published import CASES, PUBLISHED, Published
from mia_exp.reproduce.verdict import verdict

SPLITS = ("random", "official")
NAMES = {
    "facades": "Facades",
    "maps2sat": "Maps2sat",
    "cityscapes": "Cityscapes",
    "celeba": "CelebA",
    "pix2pix": "pix2pix",
    "pix2pixhd": "pix2pixHD",
    "efficientnet_lite0": "EfficientNet-Lite0",
    "wide_resnet50_2": "Wide-ResNet50-2",
    "wide_resnet50_2_untrained": "untrained Wide-ResNet50-2",
}


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        label: Its name.
        published: The row's key in `PUBLISHED`.
        experiment: The experiment with mia_exp's result.
        attack: The attack of that experiment's job, or None if it has only one.
        column: The column of its results.
    """

    label: str
    published: str
    experiment: str
    column: str
    attack: str | None = None

    def cell(self, cells: Sequence[Cell], victim: str, dataset: str, split: str) -> Cell | None:
        """The finished job of a cell of the row."""
        for cell in cells:
            about = {"dataset": dataset, "victim": victim, "split": split}
            if self.attack is not None:
                about["attack"] = self.attack
            fits = all(cell.overrides.get(key, wanted) == wanted for key, wanted in about.items())
            if cell.experiment == self.experiment and fits and cell.result(self.column):
                return cell
        return None


TABLES: dict[str, tuple[Line, ...]] = {
    "table1": (
        Line("L_rec", "l_rec", "table1", "l_rec"),
        Line("L_mem", "l_mem", "table1", "l_mem"),
    ),
    "table2": (
        Line("L_mem, single image", "l_mem", "table1", "l_mem"),
        Line("supervised difficulty", "l_mem_vsd", "table2", "l_mem_vsd"),
        Line("multi-image", "l_mem_multi", "table2_multi_image", "l_mem_multi"),
        Line("multi-image, BDD100K", "l_mem_multi_bdd", "table2_bdd", "l_mem_multi"),
    ),
    "table3": (
        Line("L_mem", "l_mem", "table1", "l_mem"),
        Line("shadow-model classifier", "shadow_score", "table3", "shadow_score"),
        Line("its accuracy", "shadow_accuracy", "table3", "shadow_score"),
        Line("the same, BDD100K", "shadow_score_bdd", "table3_bdd", "shadow_score"),
        Line("its accuracy", "shadow_accuracy_bdd", "table3_bdd", "shadow_score"),
    ),
    "table4": (
        Line("L_mem (base)", "l_mem", "table4", "l_mem", "ours"),
        Line("L_mem,aug", "l_mem_aug", "table4", "l_mem_aug", "augmented"),
        Line("L_mem,aug, flips alone", "l_mem_aug_flips", "table4_flips", "l_mem_aug"),
    ),
}


def render_table(name: str, cells: Sequence[Cell]) -> str:
    """The table in the paper's layout, with mia_exp's rows below the published ones.

    Args:
        name: Such as `table4`.
        cells: The results at one scale.
    """
    header = ["", *(f"{NAMES[victim]} {NAMES[dataset]}" for victim, dataset in CASES)]
    rows = []
    for line in TABLES[name]:
        published = PUBLISHED[line.published]
        rows.append([f"**{line.label}**, paper", *(_published(published.get(case, [])) for case in CASES)])
        for split in SPLITS:
            found = [line.cell(cells, *case, split) for case in CASES]
            if any(found):
                measured = [
                    _measured(cell, line) if published.get(case) or cell else "–"
                    for case, cell in zip(CASES, found, strict=True)
                ]
                rows.append([f"{line.label}, mia_exp, {split} split", *measured])
    for split in SPLITS:
        found = [TABLES[name][0].cell(cells, *case, split) for case in CASES]
        if any(found):
            blind = [strongest_blind(cell) if cell else "–" for cell in found]
            rows.append([f"*strongest blind column, {split} split*", *blind])
    return markdown_table(header, rows)


def render_verdicts(name: str, cells: Sequence[Cell]) -> str:
    """Each number of mia_exp beside the published ones, with its settings."""
    header = ["", "split", "mia_exp", "paper", "verdict", "N", "seed", "split hash", "features"]
    rows = []
    for line in TABLES[name]:
        for victim, dataset in CASES:
            for split in SPLITS:
                cell = line.cell(cells, victim, dataset, split)
                if cell is None or cell.metrics is None:
                    continue
                about = cell.metrics
                # Cells without a published number are listed too.
                published: Sequence[Published | None] = PUBLISHED[line.published].get((victim, dataset)) or [None]
                rows += [
                    [
                        f"{line.label}, {NAMES[victim]} {NAMES[dataset]}",
                        split,
                        _measured(cell, line),
                        f"{number.value} ({number.source})" if number else "–",
                        verdict(number, about, line.column) if number else "not in the paper",
                        *_settings_of(about),
                    ]
                    for number in published
                ]
    return markdown_table(header, rows)


def render_numbers(cells: Sequence[Cell]) -> str:
    """The results of each cell of a figure, beside the published number if there is one."""
    done = [(cell, cell.metrics) for cell in cells if cell.metrics is not None]
    columns = list(dict.fromkeys(column for _, about in done for column in about["attacks"]))
    header = ["", *columns, "paper", "N", "seed", "split hash", "features"]
    rows = []
    for cell, about in done:
        case = (cell.overrides.get("victim", ""), about["dataset"])
        published = [number for column in columns for number in PUBLISHED.get(column, {}).get(case, [])]
        from_here = [number for number in published if number.source.startswith("Fig")]
        rows.append(
            [
                cell.name,
                *(
                    "–" if (found := cell.result(column)) is None else percent_with_interval(found)
                    for column in columns
                ),
                _published(from_here),
                *_settings_of(about),
            ]
        )
    return markdown_table(header, rows)


def _settings_of(about: Mapping[str, Any]) -> list[str]:
    return [
        f"{about['n_members']} + {about['n_nonmembers']}",
        str(about["split"]["seed"]),
        f"`{about['split']['hash'][:8]}`",
        backbone_of(about),
    ]


def scale_title(metrics: Mapping[str, Any] | None) -> str:
    """`scale=cpu: 64 pixels`: the label of each figure."""
    return "" if metrics is None else f"scale={metrics['scale']}: {metrics['victim']['image_size']} pixels"


def percent_with_interval(result: Mapping[str, Any]) -> str:
    """`86.7 [82.4, 90.1]`."""
    low, high = result["auc_ci95"]
    return f"{100 * result['auc']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def strongest_blind(cell: Cell) -> str:
    """The blind column furthest from 50 %: `62.0 [54.1, 69.3] (brightness, separates)`."""
    assert cell.metrics is not None
    name, result = max(cell.metrics["blind"].items(), key=lambda item: abs(item[1]["auc"] - 0.5))
    mark = ", separates" if result["separates"] else ""
    return f"{percent_with_interval(result)} ({name}{mark})"


def _published(numbers: Sequence[Published]) -> str:
    if len(numbers) == 1:
        return str(numbers[0].value)
    return "; ".join(f"{number.value} ({number.source})" for number in numbers) or "–"


def _measured(cell: Cell | None, line: Line) -> str:
    result = None if cell is None else cell.result(line.column)
    if result is None:
        return "missing"
    if "accuracy" in line.published:
        return f"{100 * result['accuracy']:.1f}"
    return percent_with_interval(result)
