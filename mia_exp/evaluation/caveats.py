"""Warnings that a reader must know before the results, as sentences."""

from collections.abc import Mapping, Sequence

from mia_exp.core.column import Column
from mia_exp.evaluation.results import BlindResult, ColumnResult, NearDuplicates, VictimError

# Above this AUC, attacks differ only by a few pairs of images.
CEILING_AUC = 0.99
# Near-duplicates are reported from this share of the non-members on.
MIN_NEAR_SHARE = 0.1


def fit_caveats(error: VictimError | None, attacks: Mapping[str, ColumnResult]) -> list[str]:
    """A warning if the victim has not fitted its members: its error is the same on both groups.

    Args:
        error: The victim's error on each group; None if no victim was queried.
        attacks: Results of the score columns.
    """
    if error is None or any(result.auc_ci95[0] > 0.5 for result in attacks.values()):
        return []
    return [
        f"The victim has not fitted its members: its error is {error.members:.4f} on the images that it was "
        f"trained on and {error.nonmembers:.4f} on the others, a difference within chance. There is no "
        "memorisation for an attack to detect, so this result does not apply to a victim that is trained longer: "
        "raise victim.epochs or victim.learning_rate until the two errors differ."
    ]


def near_caveats(near: NearDuplicates | None, attacks: Mapping[str, ColumnResult]) -> list[str]:
    """A warning if many non-members are near-duplicates of members.

    Args:
        near: The near-duplicates; None if they were not computed.
        attacks: Results of the score columns.
    """
    if near is None or near.share < MIN_NEAR_SHARE:
        return []
    # L_rec is the same for all jobs of a sweep over attacks or alpha, so the warning is shown once.
    name = "l_rec" if "l_rec" in attacks else next(iter(attacks))
    without = near.auc_without[name]
    changed = (
        "" if without is None else f" Without them, {name} has AUC {without:.2f}, not {attacks[name].auc:.2f}."
    )
    return [
        f"{near.count} non-members ({100 * near.share:.0f} %) are near-duplicates of members: in the features of a "
        "frozen backbone, their distance to a member is less than half the usual distance between a member and its "
        "neighbours, as for frames of one video. The victim was trained on nearly the same images, so an attack "
        f"that classifies them as members is counted as wrong.{changed} near_duplicates.csv lists them; put "
        "related images on the same side of the split."
    ]


def blind_caveats(blind: Mapping[str, BlindResult], columns: Sequence[Column]) -> list[str]:
    """A warning for each blind column that separates the groups, and for each attack that subtracts it.

    Args:
        blind: Results of the columns that never query the model.
        columns: All columns.
    """
    caveats = []
    declared = {column.name: column for column in columns}
    for name, result in blind.items():
        if result.separates:
            low, high = result.auc_ci95
            # An error's AUC is above 0.5 if it is lower for members.
            side = "higher" if (result.auc > 0.5) == declared[name].higher_is_member else "lower"
            caveats.append(
                f"{name} alone, which never queries the model, separates members from non-members: "
                f"AUC {result.auc:.2f} [{low:.2f}, {high:.2f}], members have the {side} values. "
                "Part of the attacks' AUC may be due to this difference between the two groups of images, "
                "not to memorisation of the training images."
            )
            caveats += [
                f"{column.name} subtracts {name}, of which members have the {side} values: that "
                f"{'raises' if side == 'higher' else 'lowers'} its AUC directly."
                for column in columns
                if column.subtracts == name
            ]
    return caveats


def ceiling_caveats(results: Mapping[str, ColumnResult], deltas: Sequence[tuple[str, str]]) -> list[str]:
    """A warning for each comparison whose second column is close to an AUC of 1.

    Args:
        results: By column.
        deltas: The compared pairs of columns, first minus second.
    """
    return [
        f"{second} already reaches AUC {results[second].auc:.4f}: this close to 1, its difference from "
        f"{first} does not show which of them is the stronger attack."
        for first, second in deltas
        if results[second].auc > CEILING_AUC
    ]
