"""How long each victim is trained: the AUC of L_rec by epochs, on seeds that nothing is reported of."""

from statistics import mean

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.catalogue import ITEMS
from mia_exp.reproduce.runs import Run
from mia_exp.reproduce.scale_results import NAMES, Results

# What the AUC of L_rec should be: far from chance and from one.
TARGET = 0.85


def render_lengths(results: Results) -> str:
    """A row per victim and dataset: the mean AUC of L_rec at each checkpoint, the nearest to the target in bold."""
    rows = []
    for experiment in ITEMS["lengths"].experiments:
        runs = results.runs(experiment)
        if runs:
            found = mean_auc(runs)
            chosen = nearest(found)
            words = {epoch: f"{epoch}: {100 * auc:.1f}" for epoch, auc in found.items()}
            cells = [f"**{word}**" if epoch == chosen else word for epoch, word in words.items()]
            about = runs[0].about
            rows.append([f"{NAMES[about['victim']['kind']]} {NAMES[about['dataset']]}", ", ".join(cells)])
    return markdown_table(["", "epochs: mean AUC of L_rec"], rows) if rows else ""


def mean_auc(runs: list[Run]) -> dict[int, float]:
    """The mean AUC of L_rec over the seeds, by epoch."""
    epochs = sorted({run.setting("query.epoch") for run in runs})
    return {
        epoch: mean(run.about["attacks"]["l_rec"]["auc"] for run in runs if run.setting("query.epoch") == epoch)
        for epoch in epochs
    }


def nearest(found: dict[int, float]) -> int:
    """The epoch whose AUC is nearest to the target."""
    return min(found, key=lambda epoch: abs(found[epoch] - TARGET))
