"""What the training of the loss-map classifier came to, read from its artifact."""

from dataclasses import dataclass
from pathlib import Path

from mia_exp.training.losses_file import LOSSES_FILE, read_losses

# Columns of its record.
TRAINING_LOSS = "classifier_loss"
TRAINING_ACCURACY = "classifier_accuracy"
VALIDATION_LOSS = "classifier_validation_loss"
VALIDATION_ACCURACY = "classifier_validation_accuracy"
STEPS = "classifier_steps"


@dataclass(frozen=True)
class ClassifierRecord:
    """How long the classifier was trained, and how good it became.

    Attributes:
        epochs: Epochs of training.
        steps: The optimiser's steps in all of them.
        kept_epoch: The epoch whose weights were kept, from 1.
        kept_steps: The steps until its end.
        validation_accuracy: The share of validation maps that it then classified correctly.
    """

    epochs: int
    steps: int
    kept_epoch: int
    kept_steps: int
    validation_accuracy: float


def read_classifier_record(folder: Path) -> ClassifierRecord:
    """Reads the record in the folder that the classifier was written to."""
    rows = read_losses(folder / LOSSES_FILE)
    # The first of several that are equal, as it was when it was trained.
    kept = min(rows, key=lambda row: row[VALIDATION_LOSS])
    return ClassifierRecord(
        epochs=len(rows),
        steps=int(rows[-1][STEPS]),
        kept_epoch=int(kept["epoch"]),
        kept_steps=int(kept[STEPS]),
        validation_accuracy=kept[VALIDATION_ACCURACY],
    )
