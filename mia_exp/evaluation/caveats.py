"""What a reader must know before the numbers, in sentences."""

from collections.abc import Mapping, Sequence

from mia_exp.core.column import Column
from mia_exp.evaluation.results import BlindResult, ColumnResult, NearDuplicates, VictimError

# So near to 1, attacks differ by a handful of pairs of images.
CEILING_AUC = 0.99
# A larger share of the non-members that show nearly what a member shows is said.
MIN_NEAR_SHARE = 0.1


def fit_caveats(error: VictimError | None, attacks: Mapping[str, ColumnResult]) -> list[str]:
    """A warning where there is nothing to find yet: the victim errs on its members as on the others.

    Args:
        error: The victim's on either group; None where no victim was asked.
        attacks: Results of the score columns.
    """
    if error is None or any(result.auc_ci95[0] > 0.5 for result in attacks.values()):
        return []
    return [
        f"The victim has not fitted its members: its error is {error.members:.4f} on the images that it was "
        f"trained on and {error.nonmembers:.4f} on the others, a difference that chance alone would make. There is "
        "no memory for an attack to find, so this says nothing about a victim that is trained for longer: raise "
        "victim.epochs or victim.learning_rate until the two errors part."
    ]


def near_caveats(near: NearDuplicates | None, attacks: Mapping[str, ColumnResult]) -> list[str]:
    """A warning where many non-members are nearly members.

    Args:
        near: The near-duplicates; None where nobody looked for them.
        attacks: Results of the score columns.
    """
    if near is None or near.share < MIN_NEAR_SHARE:
        return []
    # L_rec, which all jobs of a sweep over attacks or alpha have alike: the warning is then one.
    name = "l_rec" if "l_rec" in attacks else next(iter(attacks))
    without = near.auc_without[name]
    changed = (
        "" if without is None else f" Without them, {name} has AUC {without:.2f}, not {attacks[name].auc:.2f}."
    )
    return [
        f"{near.count} non-members ({100 * near.share:.0f} %) show nearly what a member shows: by the features of "
        "a frozen backbone they are less than half as far from it as a member's neighbours usually are, as frames "
        "of one video would be. The victim has all but seen them, so an attack that calls them members is counted "
        f"as wrong.{changed} near_duplicates.csv lists them; put what belongs together on one side of the split."
    ]


def blind_caveats(blind: Mapping[str, BlindResult], columns: Sequence[Column]) -> list[str]:
    """A warning for each blind column that tells the groups apart, and for each attack that subtracts it.

    Args:
        blind: Results of the columns that never query the model.
        columns: All columns.
    """
    caveats = []
    declared = {column.name: column for column in columns}
    for name, result in blind.items():
        if result.separates:
            low, high = result.auc_ci95
            # An error's AUC is above 0.5 when members have less of it.
            side = "higher" if (result.auc > 0.5) == declared[name].higher_is_member else "lower"
            caveats.append(
                f"{name} alone, which never queries the model, separates members from non-members: "
                f"AUC {result.auc:.2f} [{low:.2f}, {high:.2f}], members have the {side} values. "
                "Part of the attacks' AUC may be this difference between the two groups of images, "
                "not memory of the training images."
            )
            caveats += [
                f"{column.name} subtracts {name}, of which members have the {side} values: that "
                f"{'raises' if side == 'higher' else 'lowers'} its AUC directly."
                for column in columns
                if column.subtracts == name
            ]
    return caveats


def ceiling_caveats(results: Mapping[str, ColumnResult], deltas: Sequence[tuple[str, str]]) -> list[str]:
    """A warning for each comparison whose second column leaves no room above it.

    Args:
        results: By column.
        deltas: The pairs that are compared, first minus second.
    """
    return [
        f"{second} already reaches AUC {results[second].auc:.4f}: so near the ceiling, its difference from "
        f"{first} says little about which of them is the stronger attack."
        for first, second in deltas
        if results[second].auc > CEILING_AUC
    ]
