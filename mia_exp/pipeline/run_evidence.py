"""The evidence of a run: implements the interfaces of `mia_exp.attacks.evidence`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mia_exp.attacks.attack import OwnPairs
from mia_exp.attacks.evidence import Evidence, OwnPairsLists, Pairs
from mia_exp.core.artifacts import Stage
from mia_exp.core.errors import DataError
from mia_exp.core.score_table import load_table
from mia_exp.core.seeds import derive
from mia_exp.data.splits import ordered
from mia_exp.data.store import PairStore
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.queried_model import GuardedModel, ModelOutputs, QueriedModel, SeenOutputs
from mia_exp.pipeline.scores import reconstruction_stage
from mia_exp.pipeline.stored_dataset import StoredDataset
from mia_exp.victims.victim import TrainedVictim

if TYPE_CHECKING:
    import torch
    from pytorch_lightning.loggers import Logger
    from torch import Tensor


class VisiblePairs:
    """The pairs of a dataset that an attacker may see; see `mia_exp.attacks.evidence.Pairs`."""

    def __init__(self, dataset: StoredDataset, size: int, ids: Collection[str]) -> None:
        self._dataset = dataset
        self._visible = frozenset(ids)
        self.size = size
        self.origin = dataset.stage(size).reference

    def x_at(self, id: str) -> np.ndarray:
        """One input, uint8 (H, W, C)."""
        image: np.ndarray = self._store.x[self._store.rows(self._checked([id]))[0]]
        return image

    def y_at(self, id: str) -> np.ndarray:
        """One target, uint8 (H, W, 3)."""
        image: np.ndarray = self._store.y[self._store.rows(self._checked([id]))[0]]
        return image

    def y(self, ids: Sequence[str]) -> np.ndarray:
        """Targets, uint8 (len(ids), H, W, 3)."""
        images: np.ndarray = self._store.y[self._store.rows(self._checked(ids))]
        return images

    def batch(self, ids: Sequence[str]) -> "tuple[Tensor, Tensor]":
        """Returns x and y, float32 (N, C, H, W) and (N, 3, H, W) in [0, 1]."""
        return self._store.batch(self._checked(ids))

    @cached_property
    def _store(self) -> PairStore:
        """Opened once: that takes milliseconds, and images are read one at a time, or a patch of one."""
        return self._dataset.at(self.size)

    def _checked(self, ids: Sequence[str]) -> Sequence[str]:
        hidden = [id for id in ids if id not in self._visible]
        if hidden:
            raise KeyError(f"{hidden[0]} is not a pair that the attacker may see")
        return ids


@dataclass(frozen=True)
class TrainedReference:
    """A model that the attacker trained; see `mia_exp.attacks.evidence.ReferenceModel`."""

    _context: Context
    _model: QueriedModel
    _datasets: Mapping[str, StoredDataset]

    @property
    def stages(self) -> Mapping[str, Stage]:
        """The stages that must be run before it can be queried, by name."""
        return self._model.stages

    def outputs(self, pairs: Pairs, ids: Sequence[str]) -> ModelOutputs:
        """Its outputs for the inputs of some pairs."""
        return self._model.outputs(self._datasets[pairs.origin.key], ids)

    def errors(self, pairs: Pairs, ids: Sequence[str], column: str) -> Stage:
        """Its reconstruction error on some pairs."""
        dataset = self._datasets[pairs.origin.key]
        return reconstruction_stage(self._context, dataset, ids, self.outputs(pairs, ids).stage, column)


class RunEvidence(Evidence):
    """The evidence of one run.

    Args:
        context: The run.
        dataset: The dataset of the evaluated pairs.
        ids: The evaluated pairs, sorted.
        shadow_lists: The split's lists of pairs to train shadow models on, and to hold out from them.
        outputs: V(x) of the evaluated pairs; None if there is no victim.
        query: The black box; None if there is no victim.
        l_rec: The stage of L_rec; None if there is no victim.
        l_diff: The stage of L_diff.
    """

    def __init__(
        self,
        context: Context,
        dataset: StoredDataset,
        ids: Sequence[str],
        shadow_lists: tuple[Sequence[str], Sequence[str]],
        outputs: SeenOutputs | None,
        query: GuardedModel | None,
        l_rec: Stage | None,
        l_diff: Stage,
    ) -> None:
        self._context = context
        self._dataset = dataset
        self._shadow_lists = shadow_lists
        self._l_rec, self._l_diff = l_rec, l_diff
        self._decoded: dict[int, Stage] = {}
        self.ids = list(ids)
        self.image_size = context.config.victim.image_size
        self.pairs = self.pairs_at(self.image_size)
        if outputs is not None and query is not None:
            self.outputs = outputs
            self.query = query
        self.features = context.config.features
        self.trainer = context.config.trainer

    @property
    def device(self) -> "torch.device":
        """Where tensors are computed."""
        return self._context.device

    @property
    def logger(self) -> "Logger | None":
        """Where the losses of the attacker's own trainings are mirrored."""
        return self._context.logger

    @cached_property
    def l_rec(self) -> pd.Series:
        """L_rec by id."""
        if self._l_rec is None:
            raise LookupError("no victim was queried, so there is no reconstruction error")
        return self.table(self._l_rec)["l_rec"]

    @cached_property
    def l_diff(self) -> pd.Series:
        """L_diff by id."""
        return self.table(self._l_diff)["l_diff"]

    @cached_property
    def own(self) -> OwnPairsLists:
        """The attacker's own pairs; see `Evidence.own`.

        Raises:
            DataError: There are too few pairs.
            LookupError: The attack declares that it needs none.
        """
        needed = self._context.config.attack.own_pairs
        if needed is OwnPairs.none:
            raise LookupError("this attack declares no own_pairs, so it has none")
        settings, dataset = self._context.config.shadow, self.own_dataset
        count, keeps = settings.n_pairs, needed is OwnPairs.trained_on_and_held_out
        train, test = self._shadow_lists
        if settings.dataset is not None:
            pool = ordered(dataset.records, settings.seed)
            train, test = pool[:count], pool[count:]
        trained_on, held_out = list(train[:count]), list(test[:count]) if keeps else []
        found = min(len(trained_on), len(held_out)) if keeps else len(trained_on)
        if found < count:
            wanted = 2 * count if keeps else count
            available = len(dataset.records) if settings.dataset else len(train) + len(test)
            raise DataError(
                f"shadow.n_pairs={count}: the shadow model needs {wanted} pairs of {dataset.config.name}"
                f"{', half of them held out' if keeps else ''}; found {available}. Lower shadow.n_pairs."
            )
        pairs = VisiblePairs(dataset, self.image_size, {*trained_on, *held_out})
        return OwnPairsLists(dataset.config.name, settings.seed, trained_on, held_out, pairs)

    @cached_property
    def own_dataset(self) -> StoredDataset:
        """The dataset of the attacker's own pairs: the victim's, unless `shadow.dataset` names another.

        Raises:
            DataError: The victim could not be queried with its inputs.
        """
        chosen, victim = self._context.config.shadow.dataset, self._context.config.victim
        if chosen is None:
            return self._dataset
        scored = isinstance(victim, TrainedVictim) and victim.difficulty_weighting
        dataset = StoredDataset(self._context, chosen, scored)
        if dataset.layout != self._dataset.layout:
            raise DataError(
                f"shadow.dataset={dataset.config.name}: its inputs have other classes or instances than those of "
                f"{self._dataset.config.name}, so neither model can be queried with the inputs of the other. "
                "Use a dataset with the same palette, or victim.one_hot_labels=false."
            )
        return dataset

    def pairs_at(self, size: int) -> VisiblePairs:
        """The evaluated pairs at another size in pixels."""
        self._decoded[size] = self._dataset.stage(size)
        return VisiblePairs(self._dataset, size, self.ids)

    @property
    def variant_pairs(self) -> dict[str, Stage]:
        """The stages of pairs at other requested sizes, by name; they are run before the attack's stages."""
        return {f"pairs_at_{size}": stage for size, stage in self._decoded.items() if size != self.image_size}

    def train_like_victim(self, ids: Sequence[str], seed: int) -> TrainedReference:
        """A model with the victim's settings; see `Evidence.train_like_victim`.

        Raises:
            KeyError: One of the ids is not the attacker's own.
        """
        others = sorted(set(ids) - set(self.own.ids))
        if others:
            raise KeyError(f"{others[0]} is not one of the attacker's own pairs")
        victim = self._context.config.victim
        assert isinstance(victim, TrainedVictim)
        settings = replace(
            victim, weights=None, checkpoint_epochs=[], seed=derive(seed, "shadow model", victim.seed)
        )
        query = replace(self._context.config.query, epoch=None)
        model = QueriedModel(self._context, "shadow_model", settings, query, self.own_dataset, ids)
        datasets = {self.own.pairs.origin.key: self.own_dataset, self.pairs.origin.key: self._dataset}
        return TrainedReference(self._context, model, datasets)

    def folder(self, stage: Stage) -> Path:
        """The artifact of a stage."""
        return self._context.store.get(stage)

    def table(self, stage: Stage) -> pd.DataFrame:
        """The same, as a table indexed by id."""
        return load_table(self._context.store.get(stage))
