"""The stage chain: dataset -> split -> victim -> queries -> scores. The only module that sees all of it.

Each stage reads the ones before it and leaves one artifact. Membership labels stop at the victim: the stages
behind it are given sorted ids, and labels meet scores in `evaluation` alone.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pytorch_lightning.loggers import Logger

from mia_exp.artifacts import ArtifactStore, Stage, file_sha256, plain
from mia_exp.attacks.combine import membership_score
from mia_exp.attacks.reconstruction import reconstruction_error
from mia_exp.config import Config, OpenMojiDataset
from mia_exp.data import ATTRIBUTION, PairStore, Split, make_split, official_partitions, open_source
from mia_exp.device import describe_device, torch_device
from mia_exp.errors import ConfigError
from mia_exp.features import weights_fingerprint
from mia_exp.progress import track
from mia_exp.victims import answer_queries, black_box, check_weights, load_generator, train
from mia_exp.victims.training import generator_file

# What cannot change a result, by stage: left out of the keys.
QUERY_SPEED = ("batch_size",)
DIFFICULTY_SPEED = ("batch_size",)
CHOSEN_LATER = ("weights",)


class Pipeline:
    """All stages of one run, planned before any of them is run.

    Args:
        config: The run.
        logger: Where training mirrors its losses.

    Raises:
        MiaError: The dataset cannot be listed, the split cannot be made, or the settings contradict each other.
    """

    def __init__(self, config: Config, logger: Logger | None = None) -> None:
        self.config = config
        self.logger = logger
        self.device = torch_device(config.trainer.accelerator)
        self.store = ArtifactStore(Path(config.output_dir) / "artifacts", describe_device(self.device))
        self.source = open_source(config.dataset, Path(config.data_dir), download=not config.dry_run)
        self.records = self.source.records()
        self.split_lists: Split = make_split(self.records, config.split, *official_partitions(config.dataset))
        members, nonmembers = self.split_lists.evaluated()
        self.ids = sorted((*members, *nonmembers))
        self._check_epoch()

    # --- the plan ---

    @cached_property
    def pairs(self) -> Stage:
        """All pairs at the victim's size."""
        return self._pairs_at(self.config.victim.image_size)

    @cached_property
    def training_pairs(self) -> Stage:
        """All pairs at the size that training crops from."""
        return self._pairs_at(self.config.victim.load_size)

    @cached_property
    def split(self) -> Stage:
        """The four lists of ids."""
        lists = self.split_lists

        def build(folder: Path) -> None:
            (folder / "split.json").write_text(lists.to_json())

        return Stage("split", 1, {"hash": lists.hash}, {}, build, note=lists.summary)

    @cached_property
    def victim(self) -> Stage:
        """The trained generator, at each kept epoch."""
        config = self.config.victim
        lists = self.split_lists
        settings = plain(config)
        for name in CHOSEN_LATER:
            del settings[name]
        settings["checkpoint_epochs"] = sorted(set(config.checkpoint_epochs))

        def build(folder: Path) -> None:
            store = self._open_pairs(self.training_pairs)
            train(config, self.config.trainer, store, lists.members, lists.hash, folder, self.logger)

        note = f"{len(lists.members)} pairs, {config.total_epochs} epochs, batch {config.batch_size}"
        inputs = {"pairs": self.training_pairs, "split": self.split}
        return Stage("victim", 1, settings, inputs, build, resumes=True, note=note)

    @cached_property
    def queries(self) -> Stage:
        """V(x) of every evaluated pair, uint8, with the ids beside it."""
        config = self.config.query
        settings = {name: value for name, value in plain(config).items() if name not in QUERY_SPEED}
        settings["epoch"] = config.epoch or self.config.victim.total_epochs
        settings["ids"] = self.ids
        inputs = {"pairs": self.pairs}
        if self.config.victim.weights is None:
            inputs["victim"] = self.victim
        else:
            weights = check_weights(self.config.victim, self.split_lists.hash)
            settings["weights"] = file_sha256(weights)

        def build(folder: Path) -> None:
            generator, _ = load_generator(self._generator_path())
            query = black_box(generator, config, self.device)
            store = self._open_pairs(self.pairs)
            batches = list(_batches(self.ids, config.batch_size))
            answers = answer_queries(query, (store.batch(ids)[0] for ids in batches), len(batches))
            np.save(folder / "v.npy", answers)
            (folder / "ids.json").write_text(json.dumps(self.ids))

        note = f"{len(self.ids)} images, {config.mode.name} mode"
        return Stage("queries", 1, settings, inputs, build, note=note)

    @cached_property
    def reconstruction(self) -> Stage:
        """L_rec of every evaluated pair."""

        def build(folder: Path) -> None:
            store = self._open_pairs(self.pairs)
            answers = self.answers
            errors = [
                reconstruction_error(store.y[store.rows(ids)], answers[start : start + len(ids)])
                for start, ids in zip(range(0, len(self.ids), 64), _batches(self.ids, 64), strict=True)
            ]
            _save_columns(folder, self.ids, {"l_rec": np.concatenate(errors)})

        inputs = {"pairs": self.pairs, "queries": self.queries}
        return Stage("reconstruction", 1, {}, inputs, build, note=f"{len(self.ids)} images")

    @cached_property
    def difficulty(self) -> Stage:
        """L_diff of every evaluated pair; the victim has no part in it."""
        config = self.config.attack.difficulty
        features = self.config.features
        settings = {name: value for name, value in plain(config).items() if name not in DIFFICULTY_SPEED}
        settings |= {
            "backbone": features.backbone,
            "weights": weights_fingerprint(features),
            "ids": self.ids,
        }

        def build(folder: Path) -> None:
            # Imported where it is used: the backbones' libraries take seconds to load.
            from mia_exp.attacks.difficulty import DifficultyScorer

            scorer = DifficultyScorer(features, config, self.device)
            store = self._open_pairs(self.pairs)
            batches = list(_batches(self.ids, config.batch_size))
            half = 0 if config.source.name == "input" else 1
            scores = [scorer(store.batch(ids)[half]) for ids in track(batches, "scoring difficulty", len(batches))]
            _save_columns(folder, self.ids, {"l_diff": np.concatenate(scores)})

        note = f"{len(self.ids)} images, {features.backbone}"
        return Stage("difficulty", 1, settings, {"pairs": self.pairs}, build, note=note)

    @cached_property
    def blind(self) -> Stage:
        """Image statistics of every evaluated target; no model has a part in them."""

        def build(folder: Path) -> None:
            store = self._open_pairs(self.pairs)
            rows = store.rows(self.ids)
            from mia_exp.evaluation import blind_statistics

            columns = blind_statistics(store.y[rows])
            columns["file_size"] = np.asarray(store.source_bytes, dtype=np.float64)[rows]
            _save_columns(folder, self.ids, columns)

        settings = {"ids": self.ids}
        return Stage("blind", 1, settings, {"pairs": self.pairs}, build, note=f"{len(self.ids)} images")

    @property
    def stages(self) -> list[Stage]:
        """All stages in the order in which they are run."""
        victim = [] if self.config.victim.weights else [self.training_pairs, self.victim]
        chain = [
            self.split,
            *victim,
            self.pairs,
            self.queries,
            self.reconstruction,
            self.difficulty,
            self.blind,
        ]
        return list({stage.key: stage for stage in chain}.values())

    # --- what the stages made ---

    def run(self) -> None:
        """Runs every stage whose artifact is not there yet."""
        for stage in self.stages:
            self.store.get(stage)

    def scores(self) -> pd.DataFrame:
        """The score table: `id`, `l_rec`, `l_diff`, `l_mem`; never a label."""
        tables = [_load_columns(self.store.get(stage)) for stage in (self.reconstruction, self.difficulty)]
        scores = pd.DataFrame({"id": self.ids, **tables[0], **tables[1]})
        return membership_score(scores, self.config.attack.alpha)

    def blind_columns(self) -> pd.DataFrame:
        """The columns that never query the model: `id`, `l_diff` and the image statistics."""
        difficulty = _load_columns(self.store.get(self.difficulty))
        return pd.DataFrame({"id": self.ids, **difficulty, **_load_columns(self.store.get(self.blind))})

    @property
    def attribution(self) -> list[str]:
        """What the dataset's licence asks to be said wherever its images are shown."""
        return [ATTRIBUTION] if isinstance(self.config.dataset, OpenMojiDataset) else []

    @property
    def answers(self) -> np.ndarray:
        """V(x), uint8 (N, H, W, 3), in the order of `ids`; memory-mapped."""
        answers: np.ndarray = np.load(self.store.get(self.queries) / "v.npy", mmap_mode="r")
        return answers

    @property
    def pair_store(self) -> PairStore:
        """The pairs at the victim's size."""
        return self._open_pairs(self.pairs)

    def _pairs_at(self, size: int) -> Stage:
        minimum = self.config.victim.image_size
        settings = {"fingerprint": self._fingerprint, "size": size, "minimum": minimum}
        dataset = {name: value for name, value in asdict(self.config.dataset).items() if name in ("kind", "name")}
        for name in ("photo_side", "direction"):
            if hasattr(self.config.dataset, name):
                dataset[name] = getattr(self.config.dataset, name)

        def build(folder: Path) -> None:
            PairStore.build(self.source, size, minimum, folder)

        megabytes = len(self.records) * size * size * 6 / 1e6
        note = f"{len(self.records)} pairs at {size} px, {megabytes:.0f} MB"
        return Stage("pairs", 1, {**settings, **dataset}, {}, build, note=note)

    @cached_property
    def _fingerprint(self) -> str:
        return self.source.fingerprint()

    def _open_pairs(self, stage: Stage) -> PairStore:
        return PairStore.open(self.store.get(stage))

    def _generator_path(self) -> Path:
        if self.config.victim.weights is not None:
            return check_weights(self.config.victim, self.split_lists.hash)
        epoch = self.config.query.epoch or self.config.victim.total_epochs
        return self.store.get(self.victim) / generator_file(epoch)

    def _check_epoch(self) -> None:
        victim, epoch = self.config.victim, self.config.query.epoch
        kept = sorted({*victim.checkpoint_epochs, victim.total_epochs})
        if victim.weights is None and epoch is not None and epoch not in kept:
            raise ConfigError(
                f"query.epoch={epoch}: this victim keeps the epochs {kept}; add {epoch} to victim.checkpoint_epochs"
            )


def _batches(ids: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _save_columns(folder: Path, ids: list[str], columns: dict[str, np.ndarray]) -> None:
    pd.DataFrame({"id": ids, **columns}).to_parquet(folder / "columns.parquet", index=False)


def _load_columns(folder: Path) -> dict[str, np.ndarray]:
    table = pd.read_parquet(folder / "columns.parquet").drop(columns="id")
    return {name: table[name].to_numpy() for name in table.columns}
