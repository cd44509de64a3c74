"""The settings of a run as a whole, and of what has no file of its own."""

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from mia_exp.config.attack import AttackConfig, DifficultyOnlyConfig, MultiImageConfig, ShadowAttackConfig
from mia_exp.config.attacker import ShadowConfig, VisualSearchConfig
from mia_exp.config.check import MEMORY, require, require_at_most
from mia_exp.config.dataset import DatasetConfig, ImageNetDataset
from mia_exp.config.difficulty import DifficultyConfig, FeaturesConfig
from mia_exp.config.victim import NoVictim, TrainedVictim, VictimConfig
from mia_exp.keys import harmless

NO_ARTIFACT = "evaluated anew in each run; no artifact depends on it"
MIRROR = "mirrors numbers; makes none"
# In bytes; file systems end at 255, and a launcher adds to it.
LONGEST_NAME = 200


@dataclass
class SplitConfig:
    """Who is a member: `official` (the dataset's own partitions) or `random` (pooled, shuffled by seed).

    Attributes:
        kind: `official` or `random`.
        seed: Orders the ids; each id's place depends on the seed and that id alone.
        n_members: Pairs that the victim is trained on, or null for as many as there are.
        n_shadow: Pairs in each of the two shadow lists, taken from what no victim is trained on.
    """

    kind: str = MISSING
    seed: int = 0
    n_members: int | None = None
    n_shadow: int = 0

    def __post_init__(self) -> None:
        require(self.seed >= 0, f"split.seed={self.seed}: expected 0 or more")
        require(
            self.n_members is None or self.n_members >= 2,
            f"split.n_members={self.n_members}: expected 2 or more",
        )
        require(self.n_shadow >= 0, f"split.n_shadow={self.n_shadow}: expected 0 or more")


class QueryMode(Enum):
    """How the victim answers.

    `eval` is deterministic. `stochastic` keeps dropout and batch statistics live, one image at a time, as the
    original's test script does.
    """

    eval = "eval"
    stochastic = "stochastic"


@dataclass
class QueryConfig:
    """How the attacker's queries are answered.

    Attributes:
        mode: `eval` or `stochastic`.
        epoch: The victim's checkpoint to query, or null for its last.
        seed: Seeds the dropout of `stochastic`, per image.
        batch_size: Images in a forward pass; the answer to an image does not depend on it.
    """

    mode: QueryMode = QueryMode.eval
    epoch: int | None = None
    seed: int = 0
    batch_size: int = harmless(32, because="the answer to an image does not depend on its batch")

    def __post_init__(self) -> None:
        require(self.epoch is None or self.epoch >= 1, f"query.epoch={self.epoch}: expected 1 or more, or null")
        require(self.batch_size >= 1, f"query.batch_size={self.batch_size}: expected 1 or more")
        require_at_most(self.batch_size, 4096, "query.batch_size", MEMORY)


@dataclass
class DefenseConfig:
    """What happens to V(x) before it leaves: `none`, or `gauss`, which adds noise.

    Attributes:
        kind: `none` or `gauss`.
        sigma: Standard deviation of the noise on the [0, 1] scale.
        seed: Seeds the noise, by image.
    """

    kind: str = "none"
    sigma: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        require_at_most(self.sigma, 100, "defense.sigma", "the images lie between 0 and 1")
        require(self.sigma >= 0, f"defense.sigma={self.sigma}: expected a standard deviation, 0 or more")
        require(
            self.kind != "none" or self.sigma == 0,
            f"defense.sigma={self.sigma}: defense=none adds no noise; use defense=gauss",
        )
        require(self.seed >= 0, f"defense.seed={self.seed}: expected 0 or more")


@dataclass
class EvaluationConfig:
    """How sure the answer is.

    Attributes:
        bootstrap: Replicates behind each interval.
        folds: Folds of the cross-fitted threshold behind the balanced accuracy.
        fpr: False-positive rates at which the true-positive rate is read.
        seed: Seeds replicates and folds.
    """

    bootstrap: int = harmless(2000, because=NO_ARTIFACT)
    folds: int = harmless(5, because=NO_ARTIFACT)
    fpr: list[float] = harmless(because=NO_ARTIFACT, default_factory=lambda: [0.01, 0.001])
    seed: int = harmless(0, because=NO_ARTIFACT)

    def __post_init__(self) -> None:
        require_at_most(self.bootstrap, 1_000_000, "evaluation.bootstrap", MEMORY)
        require_at_most(self.folds, 1000, "evaluation.folds", "a fold needs images")
        require(bool(self.fpr), "evaluation.fpr=[]: expected one rate or more, such as [0.01]")
        require(self.bootstrap >= 100, f"evaluation.bootstrap={self.bootstrap}: expected 100 or more")
        require(self.folds >= 2, f"evaluation.folds={self.folds}: expected 2 or more")
        require(all(0 < f < 1 for f in self.fpr), f"evaluation.fpr={self.fpr}: expected rates between 0 and 1")


@dataclass
class TrainerConfig:
    """Where and how training runs; nothing here changes a result on one machine.

    Attributes:
        accelerator: `auto`, `cpu` or `gpu`, as pytorch_lightning names them.
        num_workers: Processes that cut the shadow classifier's patches.
        resume_seconds: A checkpoint to resume from is written at most this often.
    """

    accelerator: str = harmless("auto", because="where it runs; a manifest names the device")
    num_workers: int = harmless(0, because="each image's randomness is keyed by its id")
    resume_seconds: float = harmless(30.0, because="a resumed training ends as one that was not stopped")

    def __post_init__(self) -> None:
        choices = ("auto", "cpu", "gpu")
        require(
            self.accelerator in choices,
            f"trainer.accelerator={self.accelerator}: expected one of {', '.join(choices)}",
        )
        require(self.num_workers >= 0, f"trainer.num_workers={self.num_workers}: expected 0 or more")
        require_at_most(self.num_workers, 256, "trainer.num_workers", "each is a process")
        require(self.resume_seconds >= 0, f"trainer.resume_seconds={self.resume_seconds}: expected 0 or more")


@dataclass
class LoggerConfig:
    """Where the numbers are mirrored to.

    Attributes:
        kind: `csv` or `wandb`.
        project: wandb's project.
        offline: Keep wandb's records on this machine.
    """

    kind: str = harmless("csv", because=MIRROR)
    project: str = harmless("mia_exp", because=MIRROR)
    offline: bool = harmless(True, because=MIRROR)


@dataclass
class Config:
    """A whole run."""

    dataset: DatasetConfig
    split: SplitConfig
    victim: VictimConfig
    query: QueryConfig
    defense: DefenseConfig
    features: FeaturesConfig
    difficulty: DifficultyConfig
    shadow: ShadowConfig
    visual_search: VisualSearchConfig
    attack: AttackConfig
    evaluation: EvaluationConfig
    trainer: TrainerConfig
    logger: LoggerConfig
    name: str = harmless("run", because="names the folder of the run")
    output_dir: str = harmless("outputs", because="where artifacts are kept")
    data_dir: str = harmless("data", because="where a download is kept, which enters by content")
    scale: str = harmless("own", because="a name for settings that enter themselves")
    dry_run: bool = harmless(False, because="a plan makes nothing")
    seed: int = harmless(0, because="the default of each part's seed, which enters there")

    def __post_init__(self) -> None:
        """Checks the names of folders, and what concerns more than one group."""
        _check_name(self.name)
        for setting in ("output_dir", "data_dir"):
            require(bool(getattr(self, setting).strip()), f"{setting}: expected a folder, found nothing")
        kind = self.attack.kind
        if isinstance(self.dataset, ImageNetDataset):
            require(
                isinstance(self.victim, NoVictim),
                f"victim={self.victim.kind}: dataset={self.dataset.name} has images and no inputs, so nothing can "
                "be generated; use victim=none attack=difficulty",
            )
        if isinstance(self.victim, NoVictim):
            require(
                isinstance(self.attack, DifficultyOnlyConfig),
                f"attack={kind}: victim=none leaves nobody to attack; use attack=difficulty, or a victim",
            )
        if isinstance(self.attack, DifficultyOnlyConfig):
            require(
                self.defense.kind == "none",
                f"defense={self.defense.kind}: attack=difficulty asks no victim, so there is no answer to defend",
            )
        if isinstance(self.victim, TrainedVictim):
            self._check_epoch(self.victim)
        if isinstance(self.attack, MultiImageConfig | ShadowAttackConfig) and self.shadow.dataset is None:
            wanted = self.shadow.n_pairs
            require(
                self.split.n_shadow >= wanted,
                f"split.n_shadow={self.split.n_shadow}: attack={kind} trains a shadow model on {wanted} pairs of "
                f"the split's shadow part; set split.n_shadow={wanted} or more, or lower shadow.n_pairs",
            )
        if isinstance(self.attack, ShadowAttackConfig):
            side = self.attack.classifier.patch_side(self.victim.image_size)
            require(
                side <= self.victim.image_size,
                f"attack.classifier.patch_size={side}: larger than the images, victim.image_size="
                f"{self.victim.image_size}; expected at most that, or null",
            )

    def _check_epoch(self, victim: TrainedVictim) -> None:
        epoch = self.query.epoch
        kept = sorted({*victim.checkpoint_epochs, victim.total_epochs})
        require(
            victim.weights is not None or epoch is None or epoch in kept,
            f"query.epoch={epoch}: this victim keeps the epochs {kept}; add {epoch} to victim.checkpoint_epochs",
        )


def _check_name(name: str) -> None:
    """A run's name is that of a folder in `output_dir/runs`."""
    require(bool(name.strip()), "name: expected the name of a folder, found nothing")
    require(
        name not in (".", "..") and not set(name) & set("/\\"),
        f"name={name}: expected the name of one folder, without a slash; output_dir says where it lies",
    )
    size = len(name.encode())
    require(size <= LONGEST_NAME, f"name={name[:20]}...: expected at most {LONGEST_NAME} bytes, found {size}")
