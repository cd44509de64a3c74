"""What an attack is told of a run, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mia_exp.artifacts import Stage
from mia_exp.config import DefenseConfig
from mia_exp.pipeline.context import Context, load_columns
from mia_exp.pipeline.dataset import Dataset
from mia_exp.pipeline.model import Model


@dataclass(frozen=True)
class Case:
    """The pairs to be judged and the black box that may be asked about them.

    Attributes:
        context: The run.
        dataset: The dataset of the pairs.
        shadow_train: Pairs of it for shadow models to be trained on; none of them is judged.
        shadow_test: Pairs of it to be held out from shadow models; none of them is judged.
        ids: The pairs to be judged, sorted: their order says nothing about membership.
        victim: The model under attack.
        defense: What stands before it.
        queries: V(x) of `ids`, as the defense lets it out.
        reconstruction: L_rec of `ids`.
        difficulty: L_diff of `ids`.
    """

    context: Context
    dataset: Dataset
    shadow_train: list[str]
    shadow_test: list[str]
    ids: list[str]
    victim: Model
    defense: DefenseConfig
    queries: Stage
    reconstruction: Stage
    difficulty: Stage

    def column(self, stage: Stage, name: str) -> np.ndarray:
        """A column (N,) that a stage left, in the order of `ids`."""
        return load_columns(self.context.store.get(stage))[name]

    @property
    def l_rec(self) -> np.ndarray:
        """L_rec (N,)."""
        return self.column(self.reconstruction, "l_rec")

    @property
    def l_diff(self) -> np.ndarray:
        """L_diff (N,)."""
        return self.column(self.difficulty, "l_diff")


class Attack:
    """One attack on a case: the stages it needs and the columns it makes of them.

    Attributes:
        headline: The column that the attack is about.
        compared: Pairs of columns whose AUC is compared, first minus second.
        thresholds: The threshold that a column decides at by itself, by column.
    """

    headline: str = "l_rec"
    compared: Sequence[tuple[str, str]] = ()
    thresholds: dict[str, float] = {}  # noqa: RUF012 - read only

    @property
    def own_pairs(self) -> tuple[Dataset, list[str]] | None:
        """The pairs that the attacker brings, none of which may be a member or judged; None without any."""
        return None

    @property
    def stages(self) -> dict[str, Stage]:
        """What it needs besides the case's own stages, in the order in which they are run."""
        return {}

    def columns(self) -> dict[str, np.ndarray]:
        """Its scores (N,), by column; `l_rec` is there without it."""
        return {}

    def blind(self) -> dict[str, np.ndarray]:
        """Columns (N,) that it made without asking the victim."""
        return {}

    def details(self) -> dict[str, float | str]:
        """What else a reader should know, by name."""
        return {}
