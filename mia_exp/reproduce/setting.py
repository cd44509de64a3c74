"""What differs between a run and the paper's setting; only where nothing does are their numbers comparable."""

from collections.abc import Sequence
from typing import Any

from mia_exp.core.markdown import markdown_table
from mia_exp.reproduce.estimates import SeedEstimate
from mia_exp.reproduce.published import CITYSCAPES, PIX2PIX, PIX2PIXHD, Published
from mia_exp.reproduce.runs import Run, backbone_of
from mia_exp.reproduce.scale_results import ALL_CASES, NAMES, SPLITS, Case, Results, case_of

# The paper's training pairs by dataset; for faces it gives no number.
MEMBERS = {"facades": 400, "maps2sat": 1096, "cityscapes": 2975}
BACKBONE = "wide_resnet50_2"
# Where the paper does not list a setting of its victims, it is the public default of their code bases.
VICTIMS: dict[str, dict[str, Any]] = {
    PIX2PIX: {"image_size": 256, "ngf": 64, "ndf": 64, "epochs": 200, "batch_size": 1, "learning_rate": 2e-4},
    PIX2PIXHD: {
        "image_size": 256,
        "ngf": 64,
        "ndf": 64,
        "downsamplings": 4,
        "blocks": 9,
        "epochs": 200,
        "batch_size": 1,
        "learning_rate": 2e-4,
        "perceptual": "vgg19",
        "one_hot_labels": True,
    },
}
WORDS = {
    "image_size": "pixels",
    "ngf": "generator width",
    "ndf": "discriminator width",
    "downsamplings": "downsamplings",
    "blocks": "residual blocks",
    "epochs": "epochs",
    "batch_size": "batch size",
    "learning_rate": "learning rate",
    "perceptual": "perceptual network",
    "one_hot_labels": "one-hot labels",
}
# Pairs of the paper's shadow models.
SHADOW_PAIRS = 100
BDD_SHADOW_PAIRS = 4000
# The paper's weight of the difficulty.
ALPHA = 0.5
# Columns that depend on the backbone.
WITH_FEATURES = ("l_mem", "l_mem_aug", "l_mem_vsd", "l_diff", "l_vsd")


def differences(run: Run, column: str) -> list[str]:
    """All that differs from the paper's setting, each as `what: ours (the paper's)`.

    Args:
        run: A finished run.
        column: The column whose number is compared.
    """
    about = run.about
    kind, dataset = about["victim"]["kind"], about["dataset"]
    found = [f"{about['split']['kind']} split (official)"] if about["split"]["kind"] != "official" else []
    members = about["split"]["members"]
    if members != MEMBERS.get(dataset, members):
        found.append(f"pairs: {members} ({MEMBERS[dataset]})")
    for name, theirs in VICTIMS.get(kind, {}).items():
        ours = about["victim"][name]
        if ours != theirs:
            found.append(f"{WORDS[name]}: {ours} ({theirs})")
    decay = about["victim"].get("decay_epochs")
    if decay is not None and 2 * decay != about["victim"]["epochs"]:
        found.append(f"epochs with a falling learning rate: {decay} (half of them)")
    if (kind, dataset) == (PIX2PIXHD, CITYSCAPES):
        found += ["trained from scratch (released weights)", "no instance maps (instance maps)"]
    if kind == PIX2PIX:
        found.append(f"queries: {about['query']['mode']} mode (not published)")
    if column.startswith(WITH_FEATURES) and "multi" not in column:
        if (backbone := backbone_of(about)) != BACKBONE:
            found.append(f"features: {backbone} ({BACKBONE})")
        alpha = about["attack"].get("alpha")
        if column.endswith("_slope"):
            found.append(f"alpha: the slope ({ALPHA})")
        elif alpha not in (None, ALPHA) and "vsd" not in column:
            found.append(f"alpha: {alpha:g} ({ALPHA})")
    if column.startswith(("l_mem_multi", "shadow_score")):
        theirs = BDD_SHADOW_PAIRS if about["shadow"]["dataset"] else SHADOW_PAIRS
        if (pairs := about["shadow"]["n_pairs"]) != theirs:
            found.append(f"shadow pairs: {pairs} ({theirs})")
    if column.startswith("l_mem_aug"):
        found.append(f"variants: {about['attack']['variants']} (not published)")
    return found


def seeds_of(runs: Sequence[Run]) -> str:
    """`0 to 4`, or `0, 2`."""
    seeds = sorted({run.seed for run in runs})
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def place(published: Published, found: SeedEstimate) -> str:
    """`above`, `below` or `inside the interval`: the measured number relative to the published one."""
    low, high = (100 * end for end in found.interval())
    return "above" if low > published.value else "below" if high < published.value else "inside the interval"


def render_settings(results: Results) -> str:
    """What differs from the paper's setting, a row for each victim and dataset; empty without runs."""
    runs = results.runs("table1", "sizes", "fig12")
    rows = []
    for victim, dataset in dict.fromkeys((case.victim, case.dataset) for case in ALL_CASES):
        cases = [Case(victim, dataset, split) for split in SPLITS]
        run = next((run for run in runs if case_of(run) in cases), None)
        if run is not None:
            # The split is named beside each number.
            different = [word for word in differences(run, "l_mem") if "split (" not in word]
            rows.append([f"{NAMES[victim]} {NAMES[dataset]}", "; ".join(different) or "nothing"])
    if not rows:
        return ""
    table = markdown_table(["", "ours (the paper's, or the default of its victims' code)"], rows)
    return (
        "### What differs from the paper's setting\n\nA measured and a published number are comparable only where "
        f"nothing differs.\n\n{table}"
    )
