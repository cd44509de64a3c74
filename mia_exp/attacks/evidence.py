"""What an attacker has, and nothing else: attacks are separated from all code that knows the members.

No public method or attribute gives access to the victim's weights, its training set, or membership labels. Stages
of the victim are known here only by name and key. (An id may contain the partition of the dataset that it was
published in, such as `train/12`: it then reveals an official split.)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from mia_exp.core.artifacts import Reference, Stage
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.features import Backbone
from mia_exp.training.trainer_settings import TrainerSettings

if TYPE_CHECKING:
    import torch
    from pytorch_lightning.loggers import Logger
    from torch import Tensor


class Pairs(Protocol):
    """Pairs (x, y) of one size, by id; an id that the attacker may not see raises a KeyError.

    Attributes:
        size: Side of the images in pixels.
        origin: The stage that decoded them.
    """

    size: int
    origin: Reference

    def x_at(self, id: str) -> np.ndarray:
        """One input, uint8 (H, W, C)."""

    def y_at(self, id: str) -> np.ndarray:
        """One target, uint8 (H, W, 3)."""

    def y(self, ids: Sequence[str]) -> np.ndarray:
        """Targets, uint8 (len(ids), H, W, 3)."""

    def batch(self, ids: Sequence[str]) -> "tuple[Tensor, Tensor]":
        """Returns x and y, float32 (N, C, H, W) and (N, 3, H, W) in [0, 1]."""


class Outputs(Protocol):
    """V(x) of some pairs, as returned by a queried model."""

    @property
    def origin(self) -> Reference:
        """The stage that holds them, as an input of a stage that reads them."""

    @property
    def values(self) -> np.ndarray:
        """V(x), uint8 (N, H, W, 3); memory-mapped."""


class OwnOutputs(Outputs, Protocol):
    """V(x) of a model that the attacker trained."""

    @property
    def stage(self) -> Stage:
        """The stage that makes them."""


class BlackBox(Protocol):
    """The query function."""

    @property
    def origin(self) -> Mapping[str, Reference]:
        """The stage that trained the model, as an input of a stage that queries it; empty for given weights."""

    @property
    def key(self) -> str:
        """Identifies the query function: equal keys mean equal outputs for all x."""

    @property
    def batch_size(self) -> int:
        """Images per forward pass."""

    @property
    def sizes(self) -> ImageSizes:
        """Sides of the images that it answers, as an API documents them; `Evidence.image_size` is one of them."""

    def __call__(self, x: "Tensor") -> "Tensor":
        """Maps x (N, C, H, W) in [0, 1] to V(x) (N, 3, H, W) in [0, 1], after the defense.

        Raises:
            ValueError: It does not answer images of this size.
        """


class ReferenceModel(Protocol):
    """A model like the victim that the attacker trained."""

    @property
    def stages(self) -> Mapping[str, Stage]:
        """The stages that must be run before it can be queried, by name."""

    def outputs(self, pairs: Pairs, ids: Sequence[str]) -> OwnOutputs:
        """Its outputs for the inputs of some pairs."""

    def errors(self, pairs: Pairs, ids: Sequence[str], column: str) -> Stage:
        """Its reconstruction error on some pairs, as a table with one column of that name."""


@dataclass(frozen=True)
class OwnPairsLists:
    """The attacker's own pairs: none of them is a member, and none is evaluated.

    Attributes:
        dataset: The name of their dataset.
        seed: Seeds the training on them.
        trained_on: Ids of the pairs to train models on.
        held_out: Ids of the pairs held out from these models; empty if the attack needs none.
        pairs: The pairs.
    """

    dataset: str
    seed: int
    trained_on: list[str]
    held_out: list[str]
    pairs: Pairs

    @property
    def ids(self) -> list[str]:
        """All ids, sorted."""
        return sorted([*self.trained_on, *self.held_out])


class Evidence(ABC):
    """All that an attack is given.

    Attributes:
        ids: The ids of the evaluated pairs, sorted, so that their order carries no information about membership.
        image_size: Side of x, y and V(x) in pixels.
        pairs: The evaluated pairs.
        outputs: V(x) of them: the outputs of the standard queries.
        query: The query function, for further queries.
        features: A frozen public network.
        trainer: Where models of the attacker's own are trained.
    """

    ids: list[str]
    image_size: int
    pairs: Pairs
    outputs: Outputs
    query: BlackBox
    features: Backbone
    trainer: TrainerSettings

    @property
    @abstractmethod
    def device(self) -> "torch.device":
        """Where tensors are computed."""

    @property
    @abstractmethod
    def logger(self) -> "Logger | None":
        """Where the losses of models of the attacker's own are mirrored; None for nowhere."""

    @property
    @abstractmethod
    def l_rec(self) -> pd.Series:
        """L_rec (Eq. 1) by id: the mean absolute error of V(x), on the [0, 1] scale."""

    @property
    @abstractmethod
    def l_diff(self) -> pd.Series:
        """L_diff (Eq. 2) by id: the single-image difficulty, on the same scale."""

    @property
    @abstractmethod
    def own(self) -> OwnPairsLists:
        """The attacker's own pairs, if the attack declares that it needs some (`Attack.own_pairs`).

        Raises:
            LookupError: It declares none.
        """

    @abstractmethod
    def pairs_at(self, size: int) -> Pairs:
        """The evaluated pairs at another size in pixels."""

    @abstractmethod
    def train_like_victim(self, ids: Sequence[str], seed: int) -> ReferenceModel:
        """A model with the victim's settings, trained on a subset of the attacker's own pairs.

        It is trained when it is first needed, and once for the same ids and seed. There may be any number of such
        models, and several processes can share the work.
        """

    def shadow_model(self) -> ReferenceModel:
        """The model that is trained on all of the attacker's pairs that are not held out."""
        return self.train_like_victim(self.own.trained_on, self.own.seed)

    @abstractmethod
    def folder(self, stage: Stage) -> Path:
        """The artifact of one of the attack's own stages; the stage is run first if needed."""

    @abstractmethod
    def table(self, stage: Stage) -> pd.DataFrame:
        """The same for a stage that writes a score table, indexed by id."""

    def stage(
        self,
        name: str,
        settings: Mapping[str, object],
        inputs: Mapping[str, Stage | Reference],
        build: Callable[[Path], None],
        *,
        version: int = 1,
        note: str = "",
        work: float | None = None,
    ) -> Stage:
        """Declares an intermediate result that is stored; see `mia_exp.core.artifacts.Stage`.

        Its key is computed from the name, the version, the settings and the keys of the inputs: all that determines
        the result has to be among them.
        """
        return Stage(name, version, settings, inputs, build, note=note, work=work)
