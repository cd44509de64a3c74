"""One run: its stages, all planned before any is run, and their results."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mia_exp.attacks.attack import L_DIFF, L_REC, OwnPairs
from mia_exp.config import Config
from mia_exp.core.artifacts import Stage
from mia_exp.core.column import Column
from mia_exp.core.errors import MiaError
from mia_exp.core.score_table import load_table
from mia_exp.data import Pool
from mia_exp.data.store import PairStore
from mia_exp.evaluation.blind import BLIND_COLUMNS
from mia_exp.evaluation.near_duplicates import NearPair
from mia_exp.features import Backbone
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.damage_stage import damage_stage
from mia_exp.pipeline.disjoint import disjoint_stage, shared_pairs
from mia_exp.pipeline.queried_model import ModelOutputs, QueriedModel
from mia_exp.pipeline.run_evidence import RunEvidence
from mia_exp.pipeline.scores import (
    blind_stage,
    descriptors_stage,
    difficulty_stage,
    load_nearest,
    nearest_stage,
    reconstruction_stage,
)
from mia_exp.pipeline.stored_dataset import StoredDataset
from mia_exp.tracking import Tracker
from mia_exp.victims.victim import TrainedVictim


class Pipeline:
    """All stages of one run.

    Args:
        config: The run.
        tracker: Where training mirrors its losses.

    Attributes:
        split_lists: The lists of members, non-members and shadow pairs.
        ids: The ids of the evaluated pairs, sorted.
        victim: The model under attack; None if none is queried.
        attack: The attack.
        evidence: What it is given.

    Raises:
        MiaError: The dataset cannot be listed, the split cannot be made, or the settings do not fit the data.
    """

    def __init__(self, config: Config, tracker: Tracker | None = None) -> None:
        self.config = config
        self.attack = config.attack
        self._context = Context(config, tracker)
        self.store = self._context.store
        if config.trainer.accelerator == "gpu":
            # Now, so that a GPU that is not there is said before any work.
            _ = self._context.device
        self.dataset = StoredDataset(self._context, config.dataset)
        self.split_lists = config.split.draw(
            Pool(self.dataset.records, *config.dataset.official_partitions(), self._statistics)
        )
        members, nonmembers = self.split_lists.evaluated()
        self.ids = sorted((*members, *nonmembers))
        self.victim: QueriedModel | None = None
        self.outputs: ModelOutputs | None = None
        self.reconstruction: Stage | None = None
        if isinstance(config.victim, TrainedVictim) and config.attack.queries_victim:
            self.victim = QueriedModel(
                self._context,
                "victim",
                config.victim,
                config.query,
                self.dataset,
                self.split_lists.members,
                self.split_lists.nonmembers,
            )
            self.outputs = self.victim.outputs(self.dataset, self.ids, config.defense)
            self.reconstruction = reconstruction_stage(self._context, self.dataset, self.ids, self.outputs.stage)
        self.evidence = RunEvidence(
            self._context,
            self.dataset,
            self.ids,
            (self.split_lists.shadow_train, self.split_lists.shadow_test),
            None if self.outputs is None else self.outputs.seen,
            None if self.victim is None else self.victim.black_box(config.defense),
            self.reconstruction,
            self.difficulty,
        )
        # Planned now, so that mistakes are reported before any work.
        self._attack_stages = dict(self.attack.stages(self.evidence))
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
        """All pairs at the size at which they are evaluated."""
        return self.dataset.stage(self.config.victim.image_size)

    @cached_property
    def difficulty(self) -> Stage:
        """L_diff of the evaluated pairs."""
        return difficulty_stage(self._context, self.dataset, self.ids)

    @cached_property
    def blind(self) -> Stage:
        """Image statistics of the evaluated targets."""
        return blind_stage(self._context, self.dataset, self.ids)

    @cached_property
    def descriptors(self) -> Stage:
        """The backbone's pooled features of the targets of all members and evaluated pairs."""
        return descriptors_stage(self._context, self.dataset, self._trained_or_evaluated)

    @cached_property
    def nearest(self) -> Stage:
        """Each non-member with its nearest member."""
        members, (_, nonmembers) = self.split_lists.members, self.split_lists.evaluated()
        return nearest_stage(self._context, self.descriptors, self._trained_or_evaluated, members, nonmembers)

    @cached_property
    def disjoint(self) -> Stage | None:
        """Compares the attacker's own pairs with members and evaluated pairs; None if there are none."""
        if self.attack.own_pairs is OwnPairs.none:
            return None
        own = self.evidence.own
        return disjoint_stage(
            self._context, self.dataset, self._trained_or_evaluated, self.evidence.own_dataset, own.ids
        )

    @cached_property
    def _undefended(self) -> ModelOutputs | None:
        if self.victim is None or not self.config.defense.changes_outputs:
            return None
        return self.victim.outputs(self.dataset, self.ids)

    @cached_property
    def damage(self) -> Stage | None:
        """The damage of the defense to outputs; None if there is no defense."""
        if self._undefended is None or self.outputs is None:
            return None
        return damage_stage(self._context, self.dataset, self._undefended, self.outputs)

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """All stages, in the order in which they are run, by their role in this run; a stage can have two roles."""
        stages = {"split": self.split}
        if self.config.difficulty.image_size is not None:
            # Before the victim, so that too small images do not waste hours of training.
            stages["difficulty_pairs"] = self.dataset.stage(self.config.difficulty.image_size, enlarges=False)
        if self.disjoint is not None:
            # Before the victim, so that an error does not waste hours of training.
            own = self.evidence.own_dataset.stage(self.config.victim.image_size)
            stages |= {"pairs": self.pairs, "shadow_pairs": own, "disjoint": self.disjoint}
        if self.victim is not None and self.outputs is not None and self.reconstruction is not None:
            stages |= self.victim.stages
            stages |= {
                "pairs": self.pairs,
                "queries": self.outputs.stage,
                "reconstruction": self.reconstruction,
            }
        stages |= {
            "pairs": self.pairs,
            "difficulty": self.difficulty,
            "blind": self.blind,
            "descriptors": self.descriptors,
            "nearest_members": self.nearest,
        }
        stages |= self.evidence.variant_pairs | self._attack_stages
        if self.damage is not None and self._undefended is not None:
            stages |= {"undefended_queries": self._undefended.stage, "damage": self.damage}
        return stages

    # --- the results ---

    def to_download(self) -> list[str]:
        """What a run would download before its first stage, and how to avoid it, a sentence each."""
        said = [network.to_download() for network in self._networks]
        return [sentence for sentence in said if sentence is not None]

    def run(self) -> None:
        """Runs every stage whose artifact does not exist yet.

        Raises:
            MiaError: A stage fails; or weights that one needs cannot be downloaded, before the first is run.
        """
        for network in self._networks:
            if network.to_download() is not None:
                network.fetch()
        for stage in self.stages.values():
            self.store.get(stage)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The score table, indexed by id: one column per score and per blind statistic; never a label."""
        tables = [self._standard_scores, self._attack_scores, self._blind_statistics]
        joined = pd.concat(tables, axis=1, join="outer").reindex(self.ids)
        # The attack may also return the score that all attacks are compared with.
        return joined.loc[:, ~joined.columns.duplicated()][[column.name for column in self.columns]]

    @property
    def columns(self) -> list[Column]:
        """The columns of the score table: L_rec, the attack's own, and the blind ones."""
        compared = [L_REC] if self.victim is not None else []
        declared = {column.name: column for column in (*compared, *self.attack.columns)}
        blind = {column.name: column for column in (L_DIFF, *BLIND_COLUMNS)}
        attacks = [column for column in declared.values() if not column.blind]
        return [
            *attacks,
            *(column for name, column in blind.items() if name not in declared and name == L_DIFF.name),
            *(column for column in declared.values() if column.blind),
            *(column for name, column in blind.items() if name not in declared and name != L_DIFF.name),
        ]

    def caveats(self) -> list[str]:
        """Warnings about how the data were read, and about duplicates, as sentences."""
        found = [] if self.dataset.hint is None else [self.dataset.hint]
        if self.disjoint is not None and (shared := shared_pairs(self.store.get(self.disjoint))):
            own, other = shared[0]
            found.append(
                f"{len(shared)} of the attacker's own pairs are equal to pairs that the victim was trained on "
                f"or that are evaluated (such as {own} and {other}): the dataset has duplicates. "
                "Remove one of each."
            )
        return found

    def nearest_members(self) -> list[NearPair]:
        """Each non-member with its nearest member, the nearest first."""
        return load_nearest(self.store.get(self.nearest))

    @property
    def headline(self) -> str:
        """The column that the attack is evaluated by."""
        return self.attack.columns[0].name

    def damage_done(self) -> dict[str, Any] | None:
        """The damage of the defense to outputs; None if there is no defense."""
        if self.damage is None:
            return None
        done: dict[str, Any] = json.loads((self.store.get(self.damage) / "damage.json").read_text())
        return done

    @property
    def pair_store(self) -> PairStore:
        """The pairs at the size at which they are evaluated."""
        return self.dataset.at(self.config.victim.image_size)

    @property
    def _networks(self) -> list[Backbone | TrainedVictim]:
        """The backbone and the victim, where stages that are to be made read ImageNet weights by way of them."""
        networks: list[Backbone | TrainedVictim] = []
        trained = [stage for stage in self.stages.values() if stage.name in ("victim", "shadow_model")]
        if isinstance(self.config.victim, TrainedVictim) and not all(map(self.store.has, trained)):
            networks.append(self.config.victim)
        if not all(map(self.store.has, (self.difficulty, self.descriptors))):
            networks.append(self.config.features)
        return networks

    def _statistics(self) -> pd.DataFrame:
        """The blind statistics of all pairs, for a split that depends on them."""
        every_id = sorted(record.id for record in self.dataset.records)
        return load_table(self.store.get(blind_stage(self._context, self.dataset, every_id)))

    @property
    def _trained_or_evaluated(self) -> list[str]:
        """Ids of members and evaluated pairs, sorted, so that their order carries no membership information."""
        return sorted({*self.split_lists.members, *self.ids})

    @property
    def _attack_scores(self) -> pd.DataFrame:
        """The attack's own table.

        Raises:
            MiaError: Its columns are not those that the attack declares.
        """
        table = self.attack.score(self.evidence)
        declared = {column.name for column in self.attack.columns}
        if set(table.columns) != declared:
            raise MiaError(
                f"attack={self.attack.choice} declares the columns {', '.join(sorted(declared))} and returned "
                f"{', '.join(sorted(map(str, table.columns)))}: its score must return those that it declares"
            )
        return table

    @property
    def _standard_scores(self) -> pd.DataFrame:
        difficulty = load_table(self.store.get(self.difficulty))
        if self.reconstruction is None:
            return difficulty
        return pd.concat([load_table(self.store.get(self.reconstruction)), difficulty], axis=1)

    @property
    def _blind_statistics(self) -> pd.DataFrame:
        return load_table(self.store.get(self.blind))
