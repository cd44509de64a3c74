"""The errors that every victim's training logs: mean absolute errors of V(x) on the [0, 1] scale, by epoch."""

from pathlib import Path

from mia_exp.training.losses_file import read_losses

# Of an epoch's training batches, as they were trained on; a victim's module logs it by itself.
TRAINING_L1 = "l1"
# Of held-out pairs, after the epoch.
HELD_OUT_L1 = "held_out_l1"


def logged_errors(losses: Path) -> dict[str, list[float]]:
    """The errors of each epoch, by name, of those that were logged.

    Args:
        losses: The record of a victim's training.
    """
    rows = read_losses(losses)
    return {
        name: [row[name] for row in rows] for name in (TRAINING_L1, HELD_OUT_L1) if all(name in row for row in rows)
    }
