"""The stage that makes sure of the attacker's own pairs: none of them is a member, and none is judged."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from mia_exp.artifacts import Stage
from mia_exp.data import PairStore
from mia_exp.errors import DataError
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.dataset import Dataset


def disjoint_stage(
    context: Context, dataset: Dataset, others: Sequence[str], own: Dataset, own_ids: Sequence[str]
) -> Stage:
    """Refuses pairs of the attacker's that are also members or judged, by id and by content.

    Args:
        context: The run.
        dataset: The dataset of the members and of the judged pairs.
        others: Their ids, sorted, so that they say nothing about membership.
        own: The dataset of the attacker's pairs.
        own_ids: Their ids.

    Raises:
        DataError: The two are one dataset and share ids. The stage itself raises it where two pairs, decoded at the
            victim's size, are the same to the byte.
    """
    size = context.config.victim.image_size
    theirs, mine = dataset.stage(size), own.stage(size)
    if theirs.key == mine.key:
        _refuse([(id, id) for id in sorted({*own_ids} & {*others})], own, len(own_ids))

    def build(folder: Path) -> None:
        known = dict(zip(_digests(dataset.at(size), others), others, strict=True))
        digests = zip(own_ids, _digests(own.at(size), own_ids), strict=True)
        _refuse([(id, known[digest]) for id, digest in digests if digest in known], own, len(own_ids))
        (folder / "disjoint.json").write_text(json.dumps({"own": len(own_ids), "others": len(others)}))

    settings = {"others": list(others), "own": list(own_ids)}
    note = f"{len(own_ids)} shadow pairs against {len(others)}"
    return Stage("disjoint", 1, settings, {"pairs": theirs, "own_pairs": mine}, build, note=note)


def _digests(store: PairStore, ids: Sequence[str]) -> list[str]:
    """SHA-256, in hexadecimal, of each pair's pixels."""
    return [hashlib.sha256(store.x[row].tobytes() + store.y[row].tobytes()).hexdigest() for row in store.rows(ids)]


def _refuse(shared: Sequence[tuple[str, str]], own: Dataset, count: int) -> None:
    if shared:
        first, same = shared[0]
        raise DataError(
            f"shadow: {len(shared)} of the {count} pairs of {own.config.name} that the attacker is to train on or "
            f"hold out are pairs that the victim is trained on or that are judged (such as {first}, there "
            f"{same}). An attacker's own pairs must be others: set shadow.dataset to another dataset, or to null "
            "for the split's shadow part, and remove pairs that stand twice in a dataset."
        )
