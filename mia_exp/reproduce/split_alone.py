"""The effect of the split alone: random and official splits side by side."""

from collections.abc import Sequence

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.cells import Cell
from mia_exp.reproduce.item_tables import (
    NAMES,
    SPLITS,
    TABLES,
    percent_with_interval,
    strongest_blind,
)
from mia_exp.reproduce.published import CASES, PUBLISHED


def render_split_alone(cells: Sequence[Cell]) -> str:
    """One row per dataset and victim: the strongest blind column and both scores, each on both splits.

    Args:
        cells: The jobs of the experiment `table1`; the result is empty if none has finished.
    """
    header = ["", *(f"{name}, {split}" for name in ("strongest blind", "L_rec", "L_mem") for split in SPLITS)]
    rows = []
    for victim, dataset in CASES:
        found = {split: TABLES["table1"][0].cell(cells, victim, dataset, split) for split in SPLITS}
        if any(found.values()):
            columns = [strongest_blind(cell) if cell else "–" for cell in found.values()]
            for name in ("l_rec", "l_mem"):
                results = [cell.result(name) if cell else None for cell in found.values()]
                columns += [percent_with_interval(result) if result else "–" for result in results]
            published = "; ".join(str(number.value) for number in PUBLISHED["l_mem"][victim, dataset])
            rows.append([f"{NAMES[victim]} {NAMES[dataset]}", *columns, published])
    return markdown_table([*header, "L_mem, paper (official)"], rows) if rows else ""
