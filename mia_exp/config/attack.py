"""The attacks' settings."""

from dataclasses import dataclass, field

from mia_exp.config.check import MEMORY, TIME, require, require_at_most
from mia_exp.keys import harmless

# alpha enters where the score table is put together.
COMBINED = "combined with scores that are kept; no artifact depends on it"
# Which attack it is shows in which stages there are.
STAGES = "chooses stages, which have keys of their own"
AUGMENTATIONS = ("flip", "crop")


@dataclass
class ReconstructionConfig:
    """L_rec (Eq. 1): the error of the victim's answer.

    Attributes:
        kind: `reconstruction`.
    """

    kind: str = harmless("reconstruction", because=STAGES)


@dataclass
class OursConfig:
    """L_mem = L_rec - alpha * L_diff (Eq. 3).

    Attributes:
        kind: `ours`.
        alpha: Weight of the difficulty; 0.5 is the paper's, for Wide-ResNet50-2 features.
    """

    kind: str = harmless("ours", because=STAGES)
    alpha: float = harmless(0.5, because=COMBINED)


@dataclass
class AugmentedConfig:
    """Ours-Aug: L_rec averaged over flipped and cropped variants of a pair, less alpha * L_diff.

    Attributes:
        kind: `augmented`.
        alpha: Weight of the difficulty.
        variants: How many variants of each pair are queried (K).
        kinds: How they are made: `flip`, `crop` or both.
        seed: Seeds crops and flips, by image and variant.
    """

    kind: str = harmless("augmented", because=STAGES)
    alpha: float = harmless(0.5, because=COMBINED)
    variants: int = 8
    kinds: list[str] = field(default_factory=lambda: ["flip", "crop"])
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.variants >= 1, f"attack.variants={self.variants}: expected 1 or more")
        require_at_most(self.variants, 1000, "attack.variants", TIME)
        wrong = [kind for kind in self.kinds if kind not in AUGMENTATIONS]
        require(
            bool(self.kinds) and not wrong,
            f"attack.kinds={self.kinds}: expected one or both of {', '.join(AUGMENTATIONS)}",
        )


@dataclass
class MultiImageConfig:
    """L_rec less alpha times the error of a shadow model on the same pair.

    Attributes:
        kind: `multi_image`.
        alpha: Weight of the shadow model's error.
    """

    kind: str = harmless("multi_image", because=STAGES)
    alpha: float = harmless(0.5, because=COMBINED)


@dataclass
class SupervisedConfig:
    """L_rec less alpha times a difficulty learned from human search times (Tudor Ionescu et al., 2016).

    Attributes:
        kind: `supervised`.
        alpha: Weight of the predicted score, which is in standard deviations of the published scores.
        c: The regression's penalty on errors.
        nu: The regression's share of support vectors.
        folds: Folds of the cross-validation that is reported.
        seed: Draws the folds.
        regressor: A regressor that this package saved, to be used instead of fitting one; or null.
    """

    kind: str = harmless("supervised", because=STAGES)
    alpha: float = harmless(0.01, because=COMBINED)
    c: float = 0.2
    nu: float = 0.5
    folds: int = 5
    seed: int = 0
    regressor: str | None = harmless(None, because="enters by the file's content")

    def __post_init__(self) -> None:
        require(self.c > 0, f"attack.c={self.c}: expected more than 0")
        require(0 < self.nu <= 1, f"attack.nu={self.nu}: expected a share above 0, up to 1")
        require(self.folds >= 2, f"attack.folds={self.folds}: expected 2 or more")
        require_at_most(self.folds, 1000, "attack.folds", TIME)


@dataclass
class ClassifierConfig:
    """The classifier of loss maps: a ResNet-50 from scratch, two classes.

    Attributes:
        patches: Random patches of each map in an epoch, and of each map that is judged.
        patch_size: Their side in pixels, or null: 90 at 256 pixels, and in proportion at other sizes.
        epochs: Epochs of training.
        batch_size: Patches in a step.
        learning_rate: Adam's step size.
        seed: Seeds initial weights, order and patches.
    """

    patches: int = 15
    patch_size: int | None = None
    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("patches", "epochs"):
            value = getattr(self, name)
            require(value >= 1, f"attack.classifier.{name}={value}: expected 1 or more")
        require(
            self.batch_size >= 2,
            f"attack.classifier.batch_size={self.batch_size}: expected 2 or more, for batch norm compares patches",
        )
        require_at_most(self.patches, 10_000, "attack.classifier.patches", TIME)
        require_at_most(self.epochs, 1_000_000, "attack.classifier.epochs", TIME)
        require_at_most(self.batch_size, 4096, "attack.classifier.batch_size", MEMORY)
        require(
            self.patch_size is None or self.patch_size >= 8,
            f"attack.classifier.patch_size={self.patch_size}: expected 8 or more, or null",
        )
        require(
            self.learning_rate > 0,
            f"attack.classifier.learning_rate={self.learning_rate}: expected more than 0",
        )

    def patch_side(self, image_size: int) -> int:
        """Side of the patches of images of a size, in pixels."""
        return self.patch_size or round(90 * image_size / 256)


@dataclass
class ShadowAttackConfig:
    """A classifier of loss maps, trained on a shadow model's (after He et al., 2019).

    Attributes:
        kind: `shadow`.
        classifier: The classifier.
    """

    kind: str = harmless("shadow", because=STAGES)
    classifier: ClassifierConfig = field(default_factory=ClassifierConfig)


@dataclass
class DifficultyOnlyConfig:
    """L_diff alone, which asks no victim: for victim=none.

    Attributes:
        kind: `difficulty`.
    """

    kind: str = harmless("difficulty", because=STAGES)


AttackConfig = (
    ReconstructionConfig
    | OursConfig
    | AugmentedConfig
    | MultiImageConfig
    | SupervisedConfig
    | ShadowAttackConfig
    | DifficultyOnlyConfig
)
