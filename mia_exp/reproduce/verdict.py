"""Whether a measured number is above or below a published one, and whether the two are comparable."""

from collections.abc import Mapping
from typing import Any

from mia_exp.reproduce.cells import backbone_of
from mia_exp.reproduce.published import Published

# The paper's settings, as far as published; PAPER_MEMBERS: training pairs by dataset.
PAPER_SIDE = 256
PAPER_MEMBERS = {"facades": 400, "maps2sat": 1096, "cityscapes": 2975}
PAPER_BACKBONE = "wide_resnet50_2"
# Columns that do not depend on the backbone.
WITHOUT_FEATURES = ("l_rec", "l_rec_aug", "l_mem_multi", "shadow_score")


def place(published: Published, result: Mapping[str, Any]) -> str:
    """`above`, `below` or `inside the interval`: the measured number relative to the published one."""
    if published.measure == "accuracy":
        measured = 100 * float(result["accuracy"])
        return "above" if measured > published.value else "below" if measured < published.value else "equal"
    low, high = (100 * end for end in result["auc_ci95"])
    return "above" if low > published.value else "below" if high < published.value else "inside the interval"


def differences(metrics: Mapping[str, Any], column: str) -> list[str]:
    """Differences from the paper's settings, because of which a run cannot confirm or refute a published number."""
    found = []
    side = metrics["victim"]["image_size"]
    if side != PAPER_SIDE:
        found.append(f"{side} px")
    backbone = backbone_of(metrics)
    if column not in WITHOUT_FEATURES and backbone != PAPER_BACKBONE:
        found.append(f"features of {backbone}")
    members = metrics["split"]["members"]
    if members != PAPER_MEMBERS.get(metrics["dataset"], members):
        found.append(f"{members} members")
    if metrics["split"]["kind"] == "random":
        found.append("random split")
    return found


def verdict(published: Published, metrics: Mapping[str, Any], column: str) -> str:
    """The relation to the published number, and the reasons why the two are not comparable, if any."""
    result = metrics["attacks"][column]
    reasons = differences(metrics, column)
    where = place(published, result)
    return f"{where}; not comparable: {', '.join(reasons)}" if reasons else where
