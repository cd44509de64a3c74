"""The results of an evaluation, as plain values."""

from dataclasses import asdict, dataclass
from typing import Any

from mia_exp.evaluation.intervals import Interval


@dataclass(frozen=True)
class ColumnResult:
    """How well one column separates members from non-members; higher always means more likely a member.

    Attributes:
        auc: Area under the ROC curve, 0 to 1; 0.5 is chance.
        auc_ci95: Its 95 % interval.
        tpr_at_fpr: True-positive rate by false-positive rate; None if there are too few non-members.
        tpr_at_fpr_ci95: Their 95 % intervals, which cover the choice of the threshold too.
        balanced_accuracy: At thresholds chosen on other images than those it is evaluated on.
        accuracy: At the column's own threshold, which only a classifier has; otherwise None.
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
        p_value_holm: Two-sided Mann-Whitney p-value, adjusted over the blind columns (Holm).
        separates: Whether it is below 5 %.
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
    """L_rec of the two groups, which shows how well the victim has fitted its training set.

    Attributes:
        members: Its mean over members.
        nonmembers: Its mean over non-members.
    """

    members: float
    nonmembers: float


@dataclass(frozen=True)
class NearDuplicates:
    """Non-members that are near-duplicates of members.

    Attributes:
        count: Their number.
        share: Their share of the non-members.
        auc_without: By attack, its AUC without them; None if too few other non-members are left.
    """

    count: int
    share: float
    auc_without: dict[str, float | None]


@dataclass(frozen=True)
class Evaluation:
    """All results that depend on the labels.

    Attributes:
        n_members: Members evaluated.
        n_nonmembers: Non-members evaluated.
        attacks: Results of the score columns.
        blind: Results of the columns that never query the model.
        deltas: Differences of AUC, by `first - second`.
        victim_error: The victim's error on each group; None if no victim was queried.
        near_duplicates: Near-duplicates among the non-members; None if they were not computed.
        warnings: What a reader must know before the results, as sentences.
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
        """The results as dictionaries, lists and numbers: a part of `metrics.json`."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    """Converts tuples to lists, so that values are equal after writing and reading JSON."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
