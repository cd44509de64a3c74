"""What a reader must know before the numbers, in sentences."""

from collections.abc import Mapping, Sequence

from mia_exp.evaluation.results import BlindResult, ColumnResult

# So near to 1, attacks differ by a handful of pairs of images.
CEILING = 0.99
# The difficulty that each membership score subtracts from an error: L_mem = L_rec - alpha * L_diff.
SUBTRACTED = {"l_mem": "l_diff", "l_mem_aug": "l_diff", "l_mem_multi": "l_shadow", "l_mem_vsd": "l_vsd"}


def blind_caveats(blind: Mapping[str, BlindResult], attacks: Mapping[str, ColumnResult]) -> list[str]:
    """A warning for each blind column that tells the groups apart, and for each attack that subtracts it.

    Args:
        blind: Results of the columns that never query the model.
        attacks: Results of the score columns.
    """
    caveats = []
    for name, result in blind.items():
        if result.separates:
            low, high = result.auc_ci95
            # An error's AUC is above 0.5 when members have less of it.
            side = "higher" if (result.auc > 0.5) != name.startswith("l_") else "lower"
            caveats.append(
                f"{name} alone, which never queries the model, separates members from non-members: "
                f"AUC {result.auc:.2f} [{low:.2f}, {high:.2f}], members have the {side} values. "
                "Part of the attacks' AUC may be this difference between the two groups of images, "
                "not memory of the training images."
            )
            caveats += [
                f"{attack} subtracts {name}, of which members have the {side} values: that "
                f"{'raises' if side == 'higher' else 'lowers'} its AUC directly."
                for attack in attacks
                if SUBTRACTED.get(attack) == name
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
        if results[second].auc > CEILING
    ]
