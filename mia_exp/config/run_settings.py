"""The settings of a complete run, and the checks that involve several groups."""

from dataclasses import dataclass

from mia_exp.attacks.attack import L_REC, Attack, OwnPairs
from mia_exp.attacks.attacker import ShadowSettings, VisualSearchSettings
from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.core.check import require
from mia_exp.core.keys import harmless
from mia_exp.data import Dataset, SplitRule
from mia_exp.defenses import Defense
from mia_exp.evaluation.evaluation_settings import EvaluationSettings
from mia_exp.features import Backbone
from mia_exp.tracking import RunLogger
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.query_settings import QuerySettings
from mia_exp.victims.victim import TrainedVictim, Victim

# In bytes; file systems allow 255, and launchers append to the name.
MAX_NAME_BYTES = 200


@dataclass
class Config:
    """The settings of a run."""

    dataset: Dataset
    split: SplitRule
    victim: Victim
    query: QuerySettings
    defense: Defense
    features: Backbone
    difficulty: DifficultySettings
    shadow: ShadowSettings
    visual_search: VisualSearchSettings
    attack: Attack
    evaluation: EvaluationSettings
    trainer: TrainerSettings
    logger: RunLogger
    name: str = harmless("run", because="names the folder of the run")
    output_dir: str = harmless("outputs", because="where artifacts are kept")
    data_dir: str = harmless("data", because="where a download is kept, which enters by content")
    objective: str = harmless("", because="tells a sweeper which finished number to optimise")
    scale: str = harmless("own", because="a name for settings that enter themselves")
    dry_run: bool = harmless(False, because="a plan makes nothing")
    seed: int = harmless(0, because="the default of each part's seed, which enters there")

    def __post_init__(self) -> None:
        """Checks the names of folders, and settings of several groups against each other."""
        _check_name(self.name)
        for setting in ("output_dir", "data_dir"):
            require(bool(getattr(self, setting).strip()), f"{setting}: expected a folder, found an empty value")
        attack, victim = self.attack, self.victim
        require(
            self.dataset.has_inputs or not victim.queryable,
            f"victim={victim.choice}: dataset={self.dataset.name} has no inputs, so nothing can be generated; use "
            "victim=none attack=difficulty",
        )
        require(
            victim.queryable or not attack.queries_victim,
            f"attack={attack.choice}: it queries the victim, but victim=none; use attack=difficulty, or a victim",
        )
        require(
            attack.queries_victim or not self.defense.changes_outputs,
            f"defense={self.defense.choice}: attack={attack.choice} does not query the victim, so there is no "
            "output to defend; use defense=none",
        )
        if isinstance(self.victim, TrainedVictim):
            self._check_epoch(self.victim)
        if attack.own_pairs is not OwnPairs.none and self.shadow.dataset is None:
            wanted = self.shadow.n_pairs
            require(
                self.split.n_shadow >= wanted,
                f"split.n_shadow={self.split.n_shadow}: attack={attack.choice} trains a shadow model on {wanted} "
                f"pairs of the split's shadow lists; set split.n_shadow={wanted} or more, or lower shadow.n_pairs",
            )
        attack.check_images(victim.image_size, victim.query_sizes)
        self._check_objective()

    def _check_objective(self) -> None:
        part, _, rest = self.objective.partition(".")
        compared = [L_REC] if self.attack.queries_victim else []
        known = [column.name for column in (*compared, *self.attack.columns) if not column.blind]
        require(
            part != "attacks" or rest.partition(".")[0] in known,
            f"objective={self.objective}: attack={self.attack.choice} has the columns {', '.join(known)}",
        )

    def _check_epoch(self, victim: TrainedVictim) -> None:
        epoch = self.query.epoch
        kept = sorted({*victim.checkpoint_epochs, victim.epochs})
        require(
            victim.weights is not None or epoch is None or epoch in kept,
            f"query.epoch={epoch}: this victim keeps the epochs {kept}; add {epoch} to victim.checkpoint_epochs",
        )


def _check_name(name: str) -> None:
    """Checks a run's name, which is that of a folder in `output_dir/runs`."""
    require(bool(name.strip()), "name: expected the name of a folder, found an empty value")
    require(
        name not in (".", "..") and not set(name) & set("/\\"),
        f"name={name}: expected the name of one folder, without a slash; set its location with output_dir",
    )
    size = len(name.encode())
    require(size <= MAX_NAME_BYTES, f"name={name[:20]}...: expected at most {MAX_NAME_BYTES} bytes, found {size}")
