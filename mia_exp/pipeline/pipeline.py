"""One run: its stages, planned before any of them is made, and what they made."""

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mia_exp.artifacts import ArtifactStore, Stage
from mia_exp.config import Config, DifficultyOnlyConfig, OpenMojiDataset, TrainedVictim
from mia_exp.data import ATTRIBUTION, PairStore, make_split, official_partitions
from mia_exp.device import describe_device, torch_device
from mia_exp.pipeline.attacks import open_attack
from mia_exp.pipeline.case import Attack, Case
from mia_exp.pipeline.context import Context, load_columns
from mia_exp.pipeline.damage import damage_stage
from mia_exp.pipeline.dataset import Dataset
from mia_exp.pipeline.disjoint import disjoint_stage, shared_pairs
from mia_exp.pipeline.model import Model
from mia_exp.pipeline.scores import blind_stage, descriptors_stage, difficulty_stage, reconstruction_stage

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


class Pipeline:
    """All stages of one run.

    Args:
        config: The run.
        logger: Where training mirrors its losses.

    Attributes:
        split_lists: Who is a member.
        ids: The pairs that are judged, sorted.
        case: What the attack is told; None where no victim is asked.

    Raises:
        MiaError: The dataset cannot be listed, the split cannot be made, or the settings do not fit the data.
    """

    def __init__(self, config: Config, logger: "Logger | None" = None) -> None:
        self.config = config
        device = torch_device(config.trainer.accelerator)
        self.store = ArtifactStore(Path(config.output_dir) / "artifacts", describe_device(device))
        self._context = Context(config, self.store, device, logger)
        self.dataset = Dataset(self._context, config.dataset)
        self.split_lists = make_split(self.dataset.records, config.split, *official_partitions(config.dataset))
        members, nonmembers = self.split_lists.evaluated()
        self.ids = sorted((*members, *nonmembers))
        self.victim: Model | None = None
        self.case: Case | None = None
        if isinstance(config.victim, TrainedVictim) and not isinstance(config.attack, DifficultyOnlyConfig):
            self.victim = Model(
                self._context, "victim", config.victim, config.query, self.dataset, self.split_lists.members
            )
            self.case = self._open_case(self.victim)
        self.attack = Attack() if self.case is None else open_attack(config.attack, self.case)
        # Planned now, so that a pair on both sides is refused before any work.
        _ = self.disjoint

    # --- the plan ---

    @cached_property
    def split(self) -> Stage:
        """The four lists of ids."""
        lists = self.split_lists

        def build(folder: Path) -> None:
            (folder / "split.json").write_text(lists.to_json())

        return Stage("split", 1, {"hash": lists.hash}, {}, build, note=lists.summary)

    @cached_property
    def pairs(self) -> Stage:
        """All pairs at the size at which they are judged."""
        return self.dataset.stage(self.config.victim.image_size)

    @cached_property
    def difficulty(self) -> Stage:
        """L_diff of the judged pairs."""
        return difficulty_stage(self._context, self.dataset, self.ids)

    @cached_property
    def blind(self) -> Stage:
        """Image statistics of the judged targets."""
        return blind_stage(self._context, self.dataset, self.ids)

    @cached_property
    def descriptors(self) -> Stage:
        """What the targets of all members and of all judged pairs look like to the backbone."""
        return descriptors_stage(self._context, self.dataset, self._trained_or_judged)

    @cached_property
    def disjoint(self) -> Stage | None:
        """Holds the attacker's own pairs against the members and the judged pairs; None where there are none."""
        if self.attack.own_pairs is None:
            return None
        return disjoint_stage(self._context, self.dataset, self._trained_or_judged, *self.attack.own_pairs)

    @cached_property
    def damage(self) -> Stage | None:
        """What the defense does to the answers; None where there is no defense."""
        if self.case is None or self.case.defense.kind == "none":
            return None
        return damage_stage(self.case)

    @property
    def stages(self) -> dict[str, Stage]:
        """All stages, in the order in which they are run, by their part in this run; one can play two parts."""
        stages = {"split": self.split}
        if self.disjoint is not None:
            # Before the victim, whose training may take hours that a refusal would waste.
            stages |= {"pairs": self.pairs, "disjoint": self.disjoint}
        if self.case is not None:
            stages |= self.case.victim.stages
            stages |= {
                "pairs": self.pairs,
                "queries": self.case.queries,
                "reconstruction": self.case.reconstruction,
            }
        stages |= {
            "pairs": self.pairs,
            "difficulty": self.difficulty,
            "blind": self.blind,
            "descriptors": self.descriptors,
        }
        stages |= self.attack.stages
        if self.damage is not None:
            assert self.case is not None
            stages |= {"undefended_queries": self._undefended(self.case), "damage": self.damage}
        return stages

    # --- what the stages made ---

    def run(self) -> None:
        """Makes every artifact that is not there yet."""
        for stage in self.stages.values():
            self.store.get(stage)

    def scores(self) -> pd.DataFrame:
        """The score table: `id`, a column a score, and the blind ones; never a label."""
        return pd.DataFrame({"id": self.ids, **self._attack_columns, **self._blind_columns})

    @property
    def score_columns(self) -> list[str]:
        """The columns of the score table that are attacks."""
        return list(self._attack_columns)

    def blind_columns(self) -> pd.DataFrame:
        """The columns that never query the victim: `id`, difficulties and the image statistics."""
        columns = self._blind_columns
        judged = {name: values for name, values in columns.items() if name not in self._attack_columns}
        return pd.DataFrame({"id": self.ids, **judged})

    def caveats(self) -> list[str]:
        """What a reader must know of how the data were read and shared, in sentences."""
        found = [] if self.dataset.hint is None else [self.dataset.hint]
        if self.disjoint is not None and (shared := shared_pairs(self.store.get(self.disjoint))):
            own, other = shared[0]
            found.append(
                f"{len(shared)} of the attacker's own pairs show the same as pairs that the victim was trained on "
                f"or that are judged (such as {own} and {other}): the dataset holds them twice. Remove one of each."
            )
        return found

    def described(self) -> tuple[np.ndarray, list[str]]:
        """What the targets of members and of judged pairs look like, float64 (N, C), and their ids (N,)."""
        vectors = np.load(self.store.get(self.descriptors) / "descriptors.npy")
        return vectors.astype(np.float64), self._trained_or_judged

    @property
    def headline(self) -> str:
        """The column that the run is about."""
        return "l_diff" if self.case is None else self.attack.headline

    def damage_done(self) -> dict[str, Any] | None:
        """What the defense did to the answers."""
        if self.damage is None:
            return None
        done: dict[str, Any] = json.loads((self.store.get(self.damage) / "damage.json").read_text())
        return done

    @property
    def attribution(self) -> list[str]:
        """What the dataset's licence asks to be said wherever its images are shown."""
        return [ATTRIBUTION] if isinstance(self.config.dataset, OpenMojiDataset) else []

    @property
    def answers(self) -> np.ndarray | None:
        """V(x), uint8 (N, H, W, 3), in the order of `ids`, as the attack saw it; None where nobody answered."""
        return None if self.case is None else self.case.victim.answers(self.case.queries)

    @property
    def pair_store(self) -> PairStore:
        """The pairs at the size at which they are judged."""
        return self.dataset.at(self.config.victim.image_size)

    @property
    def _trained_or_judged(self) -> list[str]:
        """Ids of the members and of the judged pairs, sorted, so that their order says nothing about membership."""
        return sorted({*self.split_lists.members, *self.ids})

    @cached_property
    def _attack_columns(self) -> dict[str, np.ndarray]:
        if self.case is None:
            return self._l_diff
        return {"l_rec": self.case.l_rec, **self.attack.columns()}

    @cached_property
    def _blind_columns(self) -> dict[str, np.ndarray]:
        return {**self._l_diff, **self.attack.blind(), **load_columns(self.store.get(self.blind))}

    @cached_property
    def _l_diff(self) -> dict[str, np.ndarray]:
        return load_columns(self.store.get(self.difficulty))

    def _open_case(self, victim: Model) -> Case:
        defense = self.config.defense
        queries = victim.queries(self.dataset, self.ids, defense)
        return Case(
            self._context,
            self.dataset,
            list(self.split_lists.shadow_train),
            list(self.split_lists.shadow_test),
            self.ids,
            victim,
            defense,
            queries,
            reconstruction_stage(self._context, self.dataset, self.ids, queries),
            self.difficulty,
        )

    def _undefended(self, case: Case) -> Stage:
        return case.victim.queries(self.dataset, self.ids)
