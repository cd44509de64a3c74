"""A generator of this run and its answers: the victim, or a shadow of it that the attacker trains."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from mia_exp.artifacts import Stage
from mia_exp.attacks.regression import NEGLIGIBLE
from mia_exp.config import DefenseConfig, Pix2PixHDConfig, QueryConfig, TrainedVictim
from mia_exp.data import TrainingPairs, save_images
from mia_exp.defenses import defended
from mia_exp.errors import DataError
from mia_exp.features.perceptual import perceptual_fingerprint
from mia_exp.keys import deciding
from mia_exp.pipeline.context import Context, batches, load_columns
from mia_exp.pipeline.dataset import Dataset
from mia_exp.pipeline.scores import difficulty_stage
from mia_exp.storage import file_sha256
from mia_exp.victims import (
    QueryFunction,
    answer_queries,
    black_box,
    generator_file,
    load_generator,
    training_set_hash,
)

UNDEFENDED = DefenseConfig()


class Model:
    """A generator that is trained in this run, or given, and that answers queries.

    Args:
        context: The run.
        name: `victim`, or `shadow_model`: names its artifacts.
        config: Its settings.
        query: How it is asked.
        dataset: What it is trained on.
        training_ids: The pairs of it.
    """

    def __init__(
        self,
        context: Context,
        name: str,
        config: TrainedVictim,
        query: QueryConfig,
        dataset: Dataset,
        training_ids: Sequence[str],
    ) -> None:
        self._context = context
        self.name = name
        self.config = config
        self.query_config = query
        self.dataset = dataset
        self._training_ids = list(training_ids)

    @cached_property
    def training_pairs(self) -> Stage:
        """The dataset at the size that training crops from."""
        return self.dataset.stage(self.config.load_size)

    @cached_property
    def training(self) -> Stage | None:
        """The trained generator, at each kept epoch; None where its weights are given."""
        config, context = self.config, self._context
        if config.weights is not None:
            return None
        settings = deciding(config)
        settings["checkpoint_epochs"] = sorted(set(config.checkpoint_epochs))
        settings["training_set"] = training_set_hash(self._training_ids)
        if isinstance(config, Pix2PixHDConfig):
            settings["perceptual_network"] = perceptual_fingerprint(config.perceptual, config.perceptual_weights)
        inputs = {"pairs": self.training_pairs}
        weighting = self._weighting
        if weighting is not None:
            inputs["difficulty"] = weighting
        # Lightning numbers its steps from one training; a shadow's losses would overwrite the victim's.
        logger = context.logger if self.name == "victim" else None

        def build(folder: Path) -> None:
            from mia_exp.victims.training import train

            weights = None if weighting is None else _weights(context.store.get(weighting), self.name)
            pairs = TrainingPairs(
                self.dataset.at(config.load_size),
                self._training_ids,
                config.image_size,
                config.augment,
                config.seed,
                weights,
                context.device,
            )
            train(config, context.config.trainer, self.dataset.layout, pairs, folder, logger)

        note = f"{len(self._training_ids)} pairs, {config.total_epochs} epochs, batch {config.batch_size}"
        work = len(self._training_ids) * config.total_epochs
        return Stage(self.name, 3, settings, inputs, build, resumes=True, note=note, work=work)

    @property
    def stages(self) -> dict[str, Stage]:
        """What is made before it can answer."""
        if self.training is None:
            return {}
        weighting = {} if self._weighting is None else {f"{self.name}_weighting": self._weighting}
        return {f"{self.name}_training_pairs": self.training_pairs, **weighting, self.name: self.training}

    def queries(self, dataset: Dataset, ids: Sequence[str], defense: DefenseConfig = UNDEFENDED) -> Stage:
        """V(x) of the pairs `ids`, uint8 (N, H, W, 3), with the ids beside it."""
        pairs = dataset.stage(self.config.image_size)
        size = self.query_config.batch_size

        def build(folder: Path) -> None:
            store = dataset.at(self.config.image_size)
            cut = list(batches(ids, size))
            answers = answer_queries(self.black_box(defense), (store.batch(few)[0] for few in cut), len(cut))
            save_images(folder / "v.npy", answers, len(ids))
            (folder / "ids.json").write_text(json.dumps(list(ids)))

        guarded = "" if defense.kind == "none" else f", {defense.kind} {defense.sigma:g}"
        note = f"{len(ids)} images, {self.query_config.mode.name} mode{guarded}"
        settings = {**self.answering(defense), "ids": list(ids)}
        return Stage("queries", 2, settings, {"pairs": pairs, **self.origin}, build, note=note)

    def answers(self, queries: Stage) -> np.ndarray:
        """V(x), uint8 (N, H, W, 3), in the order of the stage's ids; memory-mapped."""
        answers: np.ndarray = np.load(self._context.store.get(queries) / "v.npy", mmap_mode="r")
        return answers

    def black_box(self, defense: DefenseConfig) -> QueryFunction:
        """The query function: all that an attacker has."""
        generator, _ = load_generator(self._generator_path())
        return defended(black_box(generator, self.query_config, self._context.device), defense)

    def answering(self, defense: DefenseConfig) -> dict[str, object]:
        """The settings that decide an answer, for the keys of stages that ask."""
        settings = {**deciding(self.query_config), "epoch": self._epoch, "defense": deciding(defense)}
        if self.training is None:
            settings["weights"] = file_sha256(self._generator_path())
        return settings

    @property
    def origin(self) -> dict[str, Stage]:
        """The stage that made the generator, as an input of those that ask it."""
        return {} if self.training is None else {self.name: self.training}

    @cached_property
    def _weighting(self) -> Stage | None:
        if not self.config.difficulty_weighting:
            return None
        return difficulty_stage(self._context, self.dataset, self._training_ids)

    @property
    def _epoch(self) -> int:
        return self.query_config.epoch or self.config.total_epochs

    def _generator_path(self) -> Path:
        if self.training is None:
            from mia_exp.victims.training import check_weights

            return check_weights(self.config, self.dataset.layout, self._training_ids)
        return self._context.store.get(self.training) / generator_file(self._epoch)


def _weights(folder: Path, model: str) -> list[float]:
    """L_diff over its mean: 1 on average, more for a difficult image.

    Raises:
        DataError: No image has any difficulty, so that there is nothing to weigh by.
    """
    difficulty = load_columns(folder)["l_diff"]
    if difficulty.max() <= NEGLIGIBLE:
        raise DataError(
            f"victim.difficulty_weighting=true: L_diff is nought for all {len(difficulty)} pairs that the "
            f"{model.replace('_', ' ')} is to be trained on (are their targets all of one colour?), so there is "
            "nothing to weigh them by. Set victim.difficulty_weighting=false, or another difficulty.source."
        )
    weights: list[float] = (difficulty / difficulty.mean()).tolist()
    return weights
