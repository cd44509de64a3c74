"""The stage that makes sure of the attacker's own pairs: none of them is a member, and none is judged."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from mia_exp.core.artifacts import Stage
from mia_exp.core.errors import DataError
from mia_exp.data.store import PairStore
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.stored_dataset import StoredDataset

FILE = "shared.json"


def disjoint_stage(
    context: Context, dataset: StoredDataset, others: Sequence[str], own: StoredDataset, own_ids: Sequence[str]
) -> Stage:
    """Holds the attacker's pairs against the members and the judged pairs, by id and by content.

    Two pairs are the same where their pixels are, decoded at the victim's size. Pairs of another dataset that are
    the same are refused: the attacker chose it. Those of the split's own shadow lists have other ids than the rest,
    so one that is the same stands twice in the dataset itself; it is counted (see `shared_pairs`).

    Args:
        context: The run.
        dataset: The dataset of the members and of the judged pairs.
        others: Their ids, sorted, so that they say nothing about membership.
        own: The dataset of the attacker's pairs.
        own_ids: Their ids.

    Raises:
        DataError: Both datasets have the same content, and share ids. The stage itself raises it for pairs of
            another dataset that are the same.
    """
    size = context.config.victim.image_size
    theirs, mine = dataset.stage(size), own.stage(size)
    if theirs.key == mine.key and (twice := sorted({*own_ids} & {*others})):
        raise _refusal([(id, id) for id in twice], own, len(own_ids))

    def build(folder: Path) -> None:
        known = dict(zip(_digests(dataset.at(size), others), others, strict=True))
        digests = zip(own_ids, _digests(own.at(size), own_ids), strict=True)
        shared = [(id, known[digest]) for id, digest in digests if digest in known]
        if shared and own is not dataset:
            raise _refusal(shared, own, len(own_ids))
        (folder / FILE).write_text(json.dumps(shared))

    settings = {"others": list(others), "own": list(own_ids)}
    note = f"{len(own_ids)} shadow pairs against {len(others)}"
    return Stage("disjoint", 1, settings, {"pairs": theirs, "own_pairs": mine}, build, note=note)


def shared_pairs(folder: Path) -> list[tuple[str, str]]:
    """What the stage found: ids of the attacker's pairs, each with the id of one that is the same."""
    return [(own, other) for own, other in json.loads((folder / FILE).read_text())]


def _digests(store: PairStore, ids: Sequence[str]) -> list[str]:
    """SHA-256, in hexadecimal, of each pair's pixels."""
    return [hashlib.sha256(store.x[row].tobytes() + store.y[row].tobytes()).hexdigest() for row in store.rows(ids)]


def _refusal(shared: Sequence[tuple[str, str]], own: StoredDataset, count: int) -> DataError:
    first, same = shared[0]
    return DataError(
        f"shadow.dataset={own.config.name}: {len(shared)} of the {count} pairs that the attacker is to train on or "
        f"hold out are pairs that the victim is trained on or that are judged (such as {first}, there {same}). An "
        "attacker's own pairs must be others: choose another dataset, or null for the split's shadow part."
    )
