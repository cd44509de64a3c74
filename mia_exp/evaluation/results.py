"""What an evaluation finds, as plain values."""

from dataclasses import asdict, dataclass
from typing import Any

from mia_exp.evaluation.intervals import Interval


@dataclass(frozen=True)
class ColumnResult:
    """How well one column tells members from non-members; higher means more likely a member throughout.

    Attributes:
        auc: Area under the ROC curve, 0 to 1; 0.5 is chance.
        auc_ci95: Its interval.
        tpr_at_fpr: True-positive rate by false-positive rate; None where there are too few non-members.
        tpr_at_fpr_ci95: Their intervals.
        balanced_accuracy: At a threshold chosen on other images than it is judged on.
        accuracy: Share of right decisions at the column's own threshold, which only a classifier has; else None.
    """

    auc: float
    auc_ci95: Interval
    tpr_at_fpr: dict[str, float | None]
    tpr_at_fpr_ci95: dict[str, Interval | None]
    balanced_accuracy: float
    accuracy: float | None


@dataclass(frozen=True)
class BlindResult(ColumnResult):
    """A column that never queries the model.

    Attributes:
        p_value_holm: Mann-Whitney, two-sided, adjusted over the blind columns.
        separates: Whether that is below 5 %.
    """

    p_value_holm: float
    separates: bool


@dataclass(frozen=True)
class Delta:
    """The difference of two columns' AUC on the same images.

    Attributes:
        auc: First minus second, -1 to 1.
        ci95: Its interval, from paired resamples.
    """

    auc: float
    ci95: Interval


@dataclass(frozen=True)
class VictimError:
    """L_rec of the two groups: how well the victim has fitted what it was trained on.

    Attributes:
        members: Its mean over members.
        nonmembers: Its mean over non-members.
    """

    members: float
    nonmembers: float


@dataclass(frozen=True)
class NearDuplicates:
    """Non-members that show nearly what a member shows.

    Attributes:
        count: How many of the non-members do.
        share: The same, as a share of the non-members.
        auc_without: By attack, its AUC without them; None where too few others are left.
    """

    count: int
    share: float
    auc_without: dict[str, float | None]


@dataclass(frozen=True)
class Evaluation:
    """All that the labels were needed for.

    Attributes:
        n_members: Members evaluated.
        n_nonmembers: Non-members evaluated.
        attacks: Results of the score columns.
        blind: Results of the columns that never query the model.
        deltas: Differences of AUC, by `first - second`.
        victim_error: The victim's error on either group; None where no victim was asked.
        near_duplicates: Of the non-members; None where nobody looked for them.
        warnings: What a reader must know before the numbers, in sentences.
    """

    n_members: int
    n_nonmembers: int
    attacks: dict[str, ColumnResult]
    blind: dict[str, BlindResult]
    deltas: dict[str, Delta]
    victim_error: VictimError | None
    near_duplicates: NearDuplicates | None
    warnings: list[str]

    def to_json(self) -> dict[str, Any]:
        """The same as dictionaries, lists and numbers: a part of `metrics.json`."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    """Tuples become lists, so that what is written and what is read back are equal."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
