"""The effect of the split alone: the kinds of split side by side."""

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.item_tables import TABLES, strongest_blind
from mia_exp.reproduce.published import CASES, PUBLISHED
from mia_exp.reproduce.scale_results import NAMES, SPLITS, Case, Results

ABOUT = (
    "Blind columns do not query the model: an AUC of theirs away from 50 % is due to the split alone. The paper "
    "evaluates on official splits. A *random* split pools all pairs, and by bad luck its groups can differ too; a "
    "*matched* split is drawn until brightness, contrast, detail and file size balance."
)


def render_split_alone(results: Results) -> str:
    """A row per case: the strongest blind column, L_rec and L_mem; empty without runs."""
    rows = []
    for victim, dataset in CASES:
        for split in SPLITS:
            case = Case(victim, dataset, split)
            if blind := strongest_blind(results, case):
                scores = [line.estimate(results, case) for line in TABLES["table1"][:2]]
                published = "; ".join(str(number.value) for number in PUBLISHED["l_mem"][victim, dataset])
                name, theirs = f"{NAMES[victim]} {NAMES[dataset]}", published if split == "official" else ""
                rows.append([name, split, blind, *scores, theirs])
    header = ["", "split", "strongest blind column", "L_rec", "L_mem", "L_mem, paper"]
    return f"### Effect of the split alone\n\n{ABOUT}\n\n{markdown_table(header, rows)}" if rows else ""
