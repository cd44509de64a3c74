"""The stage that checks that none of the attacker's own pairs is a member or is evaluated."""

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
    """Compares the attacker's pairs with the members and the evaluated pairs, by id and by content.

    Two pairs are the same if their pixels are, decoded at the victim's size. Shared pairs of another dataset are an
    error, since the attacker chose that dataset. The split's own shadow lists have other ids, so a shared pair is a
    duplicate in the dataset itself; it is only counted (see `shared_pairs`).

    Args:
        context: The run.
        dataset: The dataset of the members and of the evaluated pairs.
        others: Their ids, sorted, so that their order carries no information about membership.
        own: The dataset of the attacker's pairs.
        own_ids: Their ids.

    Raises:
        DataError: Both datasets have the same content, and share ids. The stage itself raises it for shared pairs
            of another dataset.
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
    """The stage's result: ids of the attacker's pairs, each with the id of the same pair in the other list."""
    return [(own, other) for own, other in json.loads((folder / FILE).read_text())]


def _digests(store: PairStore, ids: Sequence[str]) -> list[str]:
    """SHA-256, in hexadecimal, of each pair's pixels."""
    return [hashlib.sha256(store.x[row].tobytes() + store.y[row].tobytes()).hexdigest() for row in store.rows(ids)]


def _refusal(shared: Sequence[tuple[str, str]], own: StoredDataset, count: int) -> DataError:
    first, same = shared[0]
    return DataError(
        f"shadow.dataset={own.config.name}: {len(shared)} of the {count} pairs for the attacker's shadow models "
        f"are pairs that the victim is trained on or that are evaluated (such as {first}, there {same}). The "
        "attacker's own pairs must be different: choose another dataset, or null for the split's shadow lists."
    )
