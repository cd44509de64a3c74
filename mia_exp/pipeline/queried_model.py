"""A generator of this run and its outputs: the victim or a shadow model."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mia_exp.core.artifacts import Reference, Stage
from mia_exp.core.errors import DataError
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.keys import canonical_json, deciding, plain
from mia_exp.core.score_table import batches, load_table
from mia_exp.core.storage import file_sha256
from mia_exp.data.image_file import save_images
from mia_exp.defenses import Defense
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.scores import difficulty_stage
from mia_exp.pipeline.stored_dataset import StoredDataset
from mia_exp.victims.kept import generator_file, training_set_hash
from mia_exp.victims.query_settings import QuerySettings
from mia_exp.victims.victim import TrainedVictim

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from mia_exp.victims.query import QueryFunction


# More would take longer and say no more: the mean error of so many is as sure as a picture needs.
MAX_HELD_OUT = 100


class QueriedModel:
    """A generator that is trained in this run, or given, and queried.

    Args:
        context: The run.
        name: `victim` or `shadow_model`: the name of its artifacts.
        config: Its settings.
        query: How it is queried.
        dataset: What it is trained on.
        training_ids: The pairs of it.
        held_out_ids: Others of it, whose error is logged while it is trained; the first `MAX_HELD_OUT` are taken.
    """

    def __init__(
        self,
        context: Context,
        name: str,
        config: TrainedVictim,
        query: QuerySettings,
        dataset: StoredDataset,
        training_ids: Sequence[str],
        held_out_ids: Sequence[str] = (),
    ) -> None:
        self._context = context
        self.name = name
        self.config = config
        self.query_settings = query
        self.dataset = dataset
        self._training_ids = list(training_ids)
        self._held_out = list(held_out_ids[:MAX_HELD_OUT])

    @cached_property
    def training_pairs(self) -> Stage:
        """The dataset at the size that training crops from."""
        return self.dataset.stage(self.config.load_size)

    @cached_property
    def training(self) -> Stage | None:
        """The trained generator, at each kept epoch; None if its weights are given."""
        config, context = self.config, self._context
        if config.weights is not None:
            return None
        settings = deciding(config)
        settings["checkpoint_epochs"] = sorted(set(config.checkpoint_epochs))
        settings["training_set"] = training_set_hash(self._training_ids)
        settings["held_out"] = self._held_out
        settings["trainer"] = deciding(context.config.trainer)
        settings |= config.fingerprints()
        inputs: dict[str, Stage | Reference] = {"pairs": self.training_pairs}
        if self._held_out:
            inputs["held_out_pairs"] = self.dataset.stage(config.image_size)
        weighting = self._weighting
        if weighting is not None:
            inputs["difficulty"] = weighting
        # Lightning numbers its steps from one training; a shadow's losses would overwrite the victim's.
        is_victim = self.name == "victim"

        def build(folder: Path) -> None:
            from mia_exp.data.augment import TrainingPairs
            from mia_exp.data.pairs_module import PairsModule
            from mia_exp.victims.train import train

            def pairs(ids: Sequence[str], at: int, augment: bool, weights: Sequence[float] | None) -> TrainingPairs:
                store = self.dataset.at(at)
                return TrainingPairs(store, ids, config.image_size, augment, config.seed, weights, context.device)

            weights = None if weighting is None else _weights(context.store.get(weighting), self.name)
            training = pairs(self._training_ids, config.load_size, config.augment, weights)
            held_out = pairs(self._held_out, config.image_size, False, None) if self._held_out else None
            data = PairsModule(training, config.batch_size, config.seed, held_out)
            train(
                config,
                context.config.trainer,
                self.dataset.layout,
                data,
                folder,
                context.logger if is_victim else None,
            )

        note = f"{len(self._training_ids)} pairs, {config.epochs} epochs, batch {config.batch_size}"
        work = len(self._training_ids) * config.epochs
        return Stage(self.name, 4, settings, inputs, build, resumes=True, note=note, work=work)

    @property
    def stages(self) -> dict[str, Stage]:
        """The stages that must be run before it can be queried."""
        if self.training is None:
            return {}
        weighting = {} if self._weighting is None else {f"{self.name}_weighting": self._weighting}
        return {f"{self.name}_training_pairs": self.training_pairs, **weighting, self.name: self.training}

    def outputs(self, dataset: StoredDataset, ids: Sequence[str], defense: Defense | None = None) -> "ModelOutputs":
        """V(x) of the pairs `ids`, after a defense."""
        pairs = dataset.stage(self.config.image_size)
        size = self.query_settings.batch_size
        box = self.black_box(defense)

        def build(folder: Path) -> None:
            # Imported here, and below: torch takes seconds to load.
            from mia_exp.victims.query import run_queries

            store = dataset.at(self.config.image_size)
            chunks = list(batches(ids, size))
            outputs = run_queries(box, (store.batch(chunk)[0] for chunk in chunks), len(chunks))
            save_images(folder / "v.npy", outputs, len(ids))
            (folder / "ids.json").write_text(json.dumps(list(ids)))

        guarded = f", {defense.summary}" if defense is not None and defense.changes_outputs else ""
        note = f"{len(ids)} images, {self.query_settings.mode.name} mode{guarded}"
        settings = {**self._answering(defense), "ids": list(ids)}
        stage = Stage("queries", 3, settings, {"pairs": pairs, **self._origin}, build, note=note)
        return ModelOutputs(list(ids), stage.reference, self._context.store.folder(stage) / "v.npy", stage)

    def black_box(self, defense: Defense | None = None) -> "GuardedModel":
        """The query function, the attacker's only access to the model."""
        key = canonical_json(plain(self._answering(defense)))
        origin = {name: stage.reference for name, stage in self._origin.items()}
        return GuardedModel(
            origin,
            key,
            self.config.query_sizes,
            self.query_settings,
            self._generator_path,
            self._build,
            defense,
            self._device,
        )

    def _answering(self, defense: Defense | None) -> dict[str, object]:
        """The settings that determine the outputs, for the keys of stages that query."""
        settings = {**deciding(self.query_settings), "epoch": self._epoch}
        if defense is not None and defense.changes_outputs:
            settings["defense"] = deciding(defense)
        if self.training is None:
            settings["weights"] = file_sha256(self._generator_path)
        return settings

    @property
    def _origin(self) -> dict[str, Stage]:
        """The stage that trained the generator, as an input of stages that query it."""
        return {} if self.training is None else {self.name: self.training}

    @property
    def _build(self) -> Callable[[], "nn.Module"]:
        return partial(self.config.build_generator, self.dataset.layout, len(self._training_ids))

    @cached_property
    def _weighting(self) -> Stage | None:
        if not self.config.difficulty_weighting:
            return None
        return difficulty_stage(self._context, self.dataset, self._training_ids)

    def _device(self) -> "torch.device":
        return self._context.device

    @property
    def _epoch(self) -> int:
        return self.query_settings.epoch or self.config.epochs

    @cached_property
    def _generator_path(self) -> Path:
        if self.training is None:
            from mia_exp.victims.train import check_weights

            return check_weights(self.config, self.dataset.layout, self._training_ids)
        return self._context.store.folder(self.training) / generator_file(self._epoch)


@dataclass(frozen=True)
class GuardedModel:
    """A generator with its defense, as a query function only; see `mia_exp.attacks.evidence.BlackBox`."""

    origin: Mapping[str, Reference]
    key: str
    sizes: ImageSizes
    _settings: QuerySettings
    _generator: Path
    _build: Callable[[], "nn.Module"]
    _defense: Defense | None
    _device: "Callable[[], torch.device]"

    @property
    def batch_size(self) -> int:
        """Images per forward pass."""
        return self._settings.batch_size

    def __call__(self, x: "Tensor") -> "Tensor":
        """Maps x (N, C, H, W) in [0, 1] to V(x) (N, 3, H, W) in [0, 1], after the defense.

        Raises:
            ValueError: The model does not answer images of this size.
        """
        height, width = x.shape[-2:]
        if not (self.sizes.accepts(height) and self.sizes.accepts(width)):
            raise ValueError(
                f"expected images of sides that the model answers, {self.sizes}; found {height} x {width}"
            )
        return self._query(x)

    @cached_property
    def _query(self) -> "QueryFunction":
        from mia_exp.victims.generator_file import load_generator
        from mia_exp.victims.query import black_box

        # The generator is there: the stage that made it has been run, or its file was looked at.
        generator, _ = load_generator(self._generator, self._build)
        query = black_box(generator, self._settings, self._device())
        return query if self._defense is None else self._defense.wrap(query)


@dataclass(frozen=True)
class SeenOutputs:
    """V(x) of some pairs; see `mia_exp.attacks.evidence.Outputs`."""

    ids: Sequence[str]
    origin: Reference
    _file: Path

    @property
    def values(self) -> np.ndarray:
        """V(x), uint8 (N, H, W, 3), in the order of the ids; memory-mapped. The stage must have been run."""
        values: np.ndarray = np.load(self._file, mmap_mode="r")
        return values


@dataclass(frozen=True)
class ModelOutputs(SeenOutputs):
    """The same, with the stage that computes them; see `mia_exp.attacks.evidence.OwnOutputs`."""

    stage: Stage

    @property
    def seen(self) -> SeenOutputs:
        """The outputs without the stage that computes them, for attacks."""
        return SeenOutputs(self.ids, self.origin, self._file)


def _weights(folder: Path, model: str) -> list[float]:
    """L_diff divided by its mean: 1 on average, more for a difficult image.

    Raises:
        DataError: L_diff is zero for all images.
    """
    from mia_exp.attacks.numerics.regression import NEGLIGIBLE

    difficulty = load_table(folder)["l_diff"].to_numpy()
    if difficulty.max() <= NEGLIGIBLE:
        raise DataError(
            f"victim.difficulty_weighting=true: L_diff is zero for all {len(difficulty)} training pairs of the "
            f"{model.replace('_', ' ')} (is each target of a single colour?), so they cannot be weighted by it. "
            "Set victim.difficulty_weighting=false, or another difficulty.source."
        )
    weights: list[float] = (difficulty / difficulty.mean()).tolist()
    return weights
