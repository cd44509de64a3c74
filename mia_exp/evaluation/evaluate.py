"""The evaluation: each column's AUC and rates with intervals, and warnings about their interpretation."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mia_exp.core.column import Column
from mia_exp.core.errors import MiaError
from mia_exp.evaluation.blind import SIGNIFICANCE, holm_p_values
from mia_exp.evaluation.caveats import blind_caveats, ceiling_caveats, fit_caveats, near_caveats
from mia_exp.evaluation.evaluation_settings import EvaluationSettings
from mia_exp.evaluation.intervals import Interval, auc_interval, bootstrap, difference_interval
from mia_exp.evaluation.near_duplicates import NearPair
from mia_exp.evaluation.results import (
    BlindResult,
    ColumnResult,
    Delta,
    Evaluation,
    NearDuplicates,
    VictimError,
)
from mia_exp.evaluation.roc import (
    Counts,
    Floats,
    Labels,
    assign_folds,
    auc,
    balanced_accuracy,
    max_false_positives,
    tpr_at_fpr,
)
from mia_exp.evaluation.tpr_interval import tpr_interval

log = logging.getLogger(__name__)


def evaluate(
    scores: pd.DataFrame,
    columns: Sequence[Column],
    members: Sequence[str],
    nonmembers: Sequence[str],
    config: EvaluationSettings,
    nearest: Sequence[NearPair] = (),
) -> Evaluation:
    """Joins scores with the split.

    Columns that are lower for members, such as errors, are negated: in all results, higher means member.

    Args:
        scores: One row per id, which is the index, and one column per score. Ids outside of the split are ignored.
        columns: The descriptions of all columns, including the blind ones, in display order.
        members: Ids that the victim was trained on.
        nonmembers: Ids that it was not trained on.
        config: Replicates, folds, false-positive rates, seed.
        nearest: Each non-member with its nearest member; empty if not computed.

    Returns:
        The evaluation; the same for any order of rows and ids.

    Raises:
        MiaError: A score is missing, not finite or repeated; the groups overlap or are too small; a column of a
            comparison is missing.
    """
    _check_groups(members, nonmembers)
    ids = sorted((*members, *nonmembers))
    is_member = np.isin(ids, list(members))
    values_of = _values(scores, columns, ids)
    blind_names = [column.name for column in columns if column.blind]
    attack_columns = {name: values for name, values in values_of.items() if name not in blind_names}
    blind_columns = {name: values_of[name] for name in blind_names}
    deltas = [(column.name, column.compared_with) for column in columns if column.compared_with]
    thresholds = {column.name: column.threshold for column in columns}
    _check_compared(values_of, deltas)
    _log_unmeasurable(config.fpr, len(nonmembers))

    fold_of = assign_folds(is_member, ids, config.folds, config.seed)
    replicates = bootstrap(values_of, is_member, config.bootstrap, config.seed)
    results = {
        name: _result(values, is_member, fold_of, replicates[name], thresholds.get(name), config)
        for name, values in values_of.items()
    }
    p_values = holm_p_values(blind_columns, is_member)
    attacks = {name: results[name] for name in attack_columns}
    error = _victim_error(attack_columns, is_member)
    near = _near_duplicates(attack_columns, is_member, ids, nearest)
    blinds = {
        name: BlindResult(
            **vars(results[name]), p_value_holm=p_values[name], separates=p_values[name] < SIGNIFICANCE
        )
        for name in blind_columns
    }
    return Evaluation(
        n_members=len(members),
        n_nonmembers=len(nonmembers),
        attacks=attacks,
        blind=blinds,
        deltas={f"{a} - {b}": _delta(results[a], results[b], replicates[a], replicates[b]) for a, b in deltas},
        victim_error=error,
        near_duplicates=near,
        warnings=[
            *fit_caveats(error, attacks),
            *near_caveats(near, attacks),
            *blind_caveats(blinds, columns),
            *ceiling_caveats(results, deltas),
        ],
    )


def as_membership_score(column: Column, values: Floats) -> Floats:
    """Negates a column if needed, so that higher means more likely a member."""
    return values if column.higher_is_member else -values


def _values(table: pd.DataFrame, columns: Sequence[Column], ids: list[str]) -> dict[str, Floats]:
    repeated = table.index[table.index.duplicated()].tolist()
    if repeated:
        raise MiaError(f"the scores contain these ids more than once: {_listed(repeated)}")
    missing = [name for name in ids if name not in table.index]
    if missing:
        raise MiaError(f"the scores lack {len(missing)} of the {len(ids)} ids of the split: {_listed(missing)}")
    names = [column.name for column in columns]
    absent = [name for name in names if name not in table.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if absent or twice:
        raise MiaError(
            f"{', '.join(absent or twice)}: {'declared, but not among the scores' if absent else 'declared twice'}"
        )
    found = {}
    for column in columns:
        values = table[column.name].reindex(ids).to_numpy(dtype=np.float64)
        invalid = [ids[row] for row in np.flatnonzero(~np.isfinite(values))]
        if invalid:
            raise MiaError(
                f"{column.name} is not a finite number for {len(invalid)} of {len(ids)} ids: {_listed(invalid)}"
            )
        found[column.name] = as_membership_score(column, values)
    return found


def _result(
    scores: Floats,
    is_member: Labels,
    fold_of: Counts,
    replicates: Floats,
    threshold: float | None,
    config: EvaluationSettings,
) -> ColumnResult:
    n_members, n_nonmembers = int(is_member.sum()), int((~is_member).sum())
    area = auc(scores, is_member)
    rates: dict[str, float | None] = {}
    intervals: dict[str, Interval | None] = {}
    for fpr in config.fpr:
        rate = tpr_at_fpr(scores, is_member, fpr)
        rates[str(fpr)] = rate
        intervals[str(fpr)] = None if rate is None else tpr_interval(scores, is_member, fpr)
    return ColumnResult(
        auc=area,
        auc_ci95=auc_interval(area, replicates, min(n_members, n_nonmembers)),
        tpr_at_fpr=rates,
        tpr_at_fpr_ci95=intervals,
        balanced_accuracy=balanced_accuracy(scores, is_member, fold_of),
        accuracy=None if threshold is None else float(((scores >= threshold) == is_member).mean()),
    )


def _delta(first: ColumnResult, second: ColumnResult, first_replicates: Floats, second_replicates: Floats) -> Delta:
    return Delta(
        auc=first.auc - second.auc,
        ci95=difference_interval(
            (first_replicates, second_replicates),
            (first.auc, second.auc),
            (first.auc_ci95, second.auc_ci95),
        ),
    )


def _victim_error(columns: dict[str, Floats], is_member: Labels) -> VictimError | None:
    if "l_rec" not in columns:
        return None
    errors = -columns["l_rec"]
    return VictimError(float(errors[is_member].mean()), float(errors[~is_member].mean()))


def _near_duplicates(
    columns: dict[str, Floats], is_member: Labels, ids: list[str], nearest: Sequence[NearPair]
) -> NearDuplicates | None:
    if not nearest:
        return None
    near = [pair.nonmember for pair in nearest if pair.is_near]
    kept = ~np.isin(ids, near)
    # An ROC curve needs two non-members.
    without = {
        name: auc(values[kept], is_member[kept]) if (kept & ~is_member).sum() >= 2 else None
        for name, values in columns.items()
    }
    return NearDuplicates(len(near), len(near) / len(nearest), without)


def _check_groups(members: Sequence[str], nonmembers: Sequence[str]) -> None:
    if min(len(members), len(nonmembers)) < 2:
        raise MiaError(
            "an evaluation needs at least two members and two non-members; "
            f"found {len(members)} and {len(nonmembers)}"
        )
    both = sorted(set(members) & set(nonmembers))
    if both:
        raise MiaError(f"{len(both)} ids are listed as members and as non-members: {_listed(both)}")
    if len(set(members)) < len(members) or len(set(nonmembers)) < len(nonmembers):
        raise MiaError("an id is listed twice among the members or among the non-members")


def _check_compared(columns: dict[str, Floats], deltas: Sequence[tuple[str, str]]) -> None:
    absent = sorted({second for _, second in deltas} - set(columns))
    if absent:
        raise MiaError(f"cannot compare with {', '.join(absent)}: the columns are {', '.join(columns)}")


def _log_unmeasurable(rates: Sequence[float], n_nonmembers: int) -> None:
    for rate in rates:
        if max_false_positives(rate, n_nonmembers) == 0:
            log.info(
                "TPR at FPR %g is null: one false positive among %d non-members is already a higher rate; "
                "%.0f non-members are needed",
                rate,
                n_nonmembers,
                np.ceil(1 / rate),
            )


def _listed(ids: Sequence[str], max_listed: int = 5) -> str:
    more = f" and {len(ids) - max_listed} more" if len(ids) > max_listed else ""
    return ", ".join(map(str, ids[:max_listed])) + more
