"""Stages that are the same for every attack: L_rec, L_diff, the blind statistics, descriptors, nearest members."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mia_exp.attacks.numerics.reconstruction_error import reconstruction_error
from mia_exp.core.artifacts import Stage
from mia_exp.core.keys import deciding
from mia_exp.core.progress import track
from mia_exp.core.score_table import batches, numbered_batches, save_table, score_table
from mia_exp.evaluation.near_duplicates import NearPair, nearest_members
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.stored_dataset import StoredDataset

# The table of nearest members.
NEAREST = "nearest.parquet"
# Pairs in memory at a time.
BATCH_SIZE = 64
# Images per forward pass of the backbone; their features do not depend on it.
BACKBONE_BATCH_SIZE = 16


def reconstruction_stage(
    context: Context, dataset: StoredDataset, ids: Sequence[str], queries: Stage, column: str = "l_rec"
) -> Stage:
    """L_rec of the pairs `ids`, whose outputs are in `queries` in the same order."""
    size = context.config.victim.image_size

    def build(folder: Path) -> None:
        store = dataset.at(size)
        outputs = np.load(context.store.get(queries) / "v.npy", mmap_mode="r")
        errors = np.empty(len(ids))
        for rows, chunk in numbered_batches(ids, BATCH_SIZE):
            errors[rows] = reconstruction_error(store.y[store.rows(chunk)], outputs[rows])
        save_table(folder, score_table(ids, **{column: errors}))

    inputs = {"pairs": dataset.stage(size), "queries": queries}
    return Stage("reconstruction", 1, {"column": column}, inputs, build, note=f"{len(ids)} images")


def difficulty_stage(context: Context, dataset: StoredDataset, ids: Sequence[str]) -> Stage:
    """L_diff of the pairs `ids`; independent of the victim."""
    config, features = context.config.difficulty, context.config.features
    size = config.image_size or context.config.victim.image_size
    settings = {
        **deciding(config),
        **deciding(features),
        "weights": features.fingerprint(),
        "ids": list(ids),
    }

    def build(folder: Path) -> None:
        # Imported here, since the backbones' libraries take seconds to load.
        from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer

        scorer = DifficultyScorer(features, config, context.device)
        store = dataset.at(size, enlarges=False)
        chunks = list(numbered_batches(ids, config.batch_size))
        # Preallocated: many small arrays between large freed ones would fragment the memory.
        scores = np.empty(len(ids))
        for rows, chunk in track(chunks, "scoring difficulty", len(chunks)):
            x, y = store.batch(chunk)
            # Without the channel of instance boundaries.
            scores[rows] = scorer(*config.source.images(x[:, :3], y))
        save_table(folder, score_table(ids, l_diff=scores))

    note = f"{len(ids)} images at {size} px, {features.name}"
    pairs = dataset.stage(size, enlarges=False)
    return Stage("difficulty", 1, settings, {"pairs": pairs}, build, note=note)


def blind_stage(context: Context, dataset: StoredDataset, ids: Sequence[str]) -> Stage:
    """Image statistics of the targets of `ids`; independent of any model."""
    size = context.config.victim.image_size

    def build(folder: Path) -> None:
        from mia_exp.evaluation.blind import blind_statistics

        store = dataset.at(size)
        parts = [blind_statistics(store.y[store.rows(chunk)]) for chunk in batches(ids, BATCH_SIZE)]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        columns["file_size"] = np.asarray(store.source_bytes, dtype=np.float64)[store.rows(ids)]
        save_table(folder, score_table(ids, **columns))

    inputs = {"pairs": dataset.stage(size)}
    return Stage("blind", 1, {"ids": list(ids)}, inputs, build, note=f"{len(ids)} images")


def descriptors_stage(context: Context, dataset: StoredDataset, ids: Sequence[str]) -> Stage:
    """The pooled features of the targets of `ids`, float32 (N, C); independent of the victim."""
    features = context.config.features
    size = context.config.victim.image_size

    def build(folder: Path) -> None:
        from mia_exp.features.pooled import PooledFeatures

        pool = PooledFeatures(features, context.device)
        store = dataset.at(size)
        chunks = list(batches(ids, BACKBONE_BATCH_SIZE))
        images = (store.batch(chunk)[1] for chunk in track(chunks, "features of targets", len(chunks)))
        parts = [pool(batch).astype(np.float32) for batch in images]
        np.save(folder / "descriptors.npy", np.concatenate(parts))

    settings = {**deciding(features), "weights": features.fingerprint(), "ids": list(ids)}
    note = f"{len(ids)} images, {features.name}"
    return Stage("descriptors", 1, settings, {"pairs": dataset.stage(size)}, build, note=note)


def nearest_stage(
    context: Context, descriptors: Stage, ids: Sequence[str], members: Sequence[str], nonmembers: Sequence[str]
) -> Stage:
    """Each non-member's nearest member, by descriptors of `ids`; independent of the victim."""

    def build(folder: Path) -> None:
        vectors = np.load(context.store.get(descriptors) / "descriptors.npy").astype(np.float64)
        pairs = nearest_members(vectors, ids, members, nonmembers)
        pd.DataFrame(pairs).to_parquet(folder / NEAREST, index=False)

    settings = {"ids": list(ids), "members": list(members), "nonmembers": list(nonmembers)}
    note = f"{len(nonmembers)} images"
    return Stage("nearest_members", 1, settings, {"descriptors": descriptors}, build, note=note)


def load_nearest(folder: Path) -> list[NearPair]:
    """Reads what `nearest_stage` made."""
    return [NearPair(*row) for row in pd.read_parquet(folder / NEAREST).itertuples(index=False)]
