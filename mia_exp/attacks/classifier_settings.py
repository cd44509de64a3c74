"""The settings of the loss-map classifier."""

from dataclasses import dataclass

from mia_exp.core.check import MEMORY, TIME, require, require_at_most


@dataclass
class ClassifierSettings:
    """The loss-map classifier: a ResNet-50 trained from scratch, with two classes.

    Attributes:
        patches: Random patches per map, in each epoch and at evaluation.
        patch_size: Their side in pixels, or null: 90 at 256 pixels, scaled proportionally to other sizes.
        validation_share: The share of each class's maps that it is not trained on: after each epoch their loss is
            computed, and the weights of the epoch with the lowest are kept.
        patience: Training stops after so many epochs without a lower validation loss.
        max_epochs: Training stops after so many epochs in any case.
        batch_size: Patches per step.
        learning_rate: Adam's step size.
        seed: Seeds initial weights, order, patches and the choice of validation maps.
    """

    patches: int = 15
    patch_size: int | None = None
    validation_share: float = 0.2
    patience: int = 10
    max_epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("patches", "patience", "max_epochs"):
            value = getattr(self, name)
            require(value >= 1, f"attack.classifier.{name}={value}: expected 1 or more")
        require(
            0 < self.validation_share < 1,
            f"attack.classifier.validation_share={self.validation_share}: expected a share above 0 and below 1",
        )
        require(
            self.batch_size >= 2,
            f"attack.classifier.batch_size={self.batch_size}: expected 2 or more, as batch norm requires",
        )
        require_at_most(self.patches, 10_000, "attack.classifier.patches", TIME)
        for name in ("patience", "max_epochs"):
            require_at_most(getattr(self, name), 1_000_000, f"attack.classifier.{name}", TIME)
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
        """Side of the patches in pixels, for images of a size."""
        return self.patch_size or round(90 * image_size / 256)

    def validation_maps(self, n_maps: int) -> int:
        """Number of validation maps of a class with `n_maps` maps, of which one or more of each kind are kept."""
        return min(max(1, round(self.validation_share * n_maps)), n_maps - 1)
