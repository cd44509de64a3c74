"""The result in words, and its numbers as text: what the page and the terminal both say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mia_exp.report.labels import meaning, title

NO_BLIND_DIFFERENCE = "No blind column separates the split by more than chance."


@dataclass(frozen=True)
class Row:
    """One line of the table of results, as text.

    Attributes:
        name: What is measured.
        meaning: A few words on it, or nothing.
        cells: AUC and its interval, the true-positive rates, the balanced accuracy; fewer for a difference.
        separates: For a blind column, whether it tells the groups apart; None for the others.
    """

    name: str
    meaning: str
    cells: list[str]
    separates: bool | None = None


def question(metrics: Mapping[str, Any]) -> str:
    """What was asked, in a sentence."""
    kind = {"random": "a random split", "official": "the dataset's official split"}.get(
        str(metrics["split"].get("kind")), "a split"
    )
    return (
        f"Which images of {metrics['dataset']} was this {metrics['victim'].get('kind', 'model')} trained on? "
        f"{metrics['n_members']} members and {metrics['n_nonmembers']} non-members of {kind} were judged by "
        "the model's answers alone."
    )


def answer(metrics: Mapping[str, Any]) -> str:
    """What the strongest attack achieves, in a sentence or two."""
    name, best = max(metrics["attacks"].items(), key=lambda item: item[1]["auc"])
    measured = f"AUC {with_interval(best['auc'], best['auc_ci95'])}"
    if best["auc_ci95"][0] <= 0.5:
        return (
            f"No attack here tells members from non-members better than chance: {title(name)}, the strongest, "
            f"reaches {measured}. That speaks for these attacks on these images; another may do better."
        )
    sentence = (
        "An attacker with black-box access, who only sees the model's answers, tells members from non-members "
        f"with {measured} ({title(name)})"
    )
    rates = _rates(metrics)
    if not rates:
        return f"{sentence}."
    found = percent(best["tpr_at_fpr"][rates[0]])
    return f"{sentence}; at {percent(float(rates[0]))} false alarms they find {found} of the members."


def header(metrics: Mapping[str, Any]) -> list[str]:
    """The titles of the number columns."""
    rates = [f"TPR at {percent(float(fpr))} FPR" for fpr in _rates(metrics)]
    return ["AUC", *rates, "balanced accuracy"]


def unmeasured(metrics: Mapping[str, Any]) -> str:
    """Why a true-positive rate is not in the table, in a sentence; empty where all are."""
    absent = [percent(float(fpr)) for fpr in _by_rate(_first(metrics)["tpr_at_fpr"]) if fpr not in _rates(metrics)]
    if not absent:
        return ""
    return (
        f"{metrics['n_nonmembers']} non-members are too few to measure the true-positive rate at "
        f"{' or '.join(absent)} false alarms."
    )


def attack_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """A row for each attack."""
    return [
        Row(title(name), meaning(name), _cells(result, _rates(metrics)))
        for name, result in metrics["attacks"].items()
    ]


def delta_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """A row for each difference of two columns' AUC."""
    return [
        Row(
            " − ".join(title(column) for column in name.split(" - ")),
            "difference of AUC",
            [with_interval(delta["auc"], delta["ci95"], signed=True)],
        )
        for name, delta in metrics["deltas"].items()
    ]


def blind_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """A row for each column that never queries the model."""
    return [
        Row(title(name), meaning(name), _cells(result, _rates(metrics)), bool(result["separates"]))
        for name, result in metrics["blind"].items()
    ]


def with_interval(value: float, interval: Sequence[float], *, signed: bool = False) -> str:
    """`0.91 [0.87, 0.94]`, with a third decimal where two would round a difference from 0 or 1 away."""
    digits = 3 if any(0 < abs(bound) < 0.005 or 0.995 <= bound < 1 for bound in (value, *interval)) else 2
    sign = "+" if signed else ""
    low, high = interval
    return f"{value:{sign}.{digits}f} [{low:{sign}.{digits}f}, {high:{sign}.{digits}f}]".replace("-", "−")


def percent(share: float) -> str:
    """`0.01` -> `1 %`, to three significant digits at most, and a whole number from 10 % on."""
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.2g} %"


def _cells(result: Mapping[str, Any], rates: Sequence[str]) -> list[str]:
    return [
        with_interval(result["auc"], result["auc_ci95"]),
        *(with_interval(result["tpr_at_fpr"][fpr], result["tpr_at_fpr_ci95"][fpr]) for fpr in rates),
        f"{result['balanced_accuracy']:.2f}",
    ]


def _rates(metrics: Mapping[str, Any]) -> list[str]:
    """The false-positive rates that could be measured, the largest first."""
    rates = _first(metrics)["tpr_at_fpr"]
    return [fpr for fpr in _by_rate(rates) if rates[fpr] is not None]


def _by_rate(rates: Mapping[str, float | None]) -> list[str]:
    """The largest first; JSON's order is the alphabet's."""
    return sorted(rates, key=float, reverse=True)


def _first(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    first: Mapping[str, Any] = next(iter(metrics["attacks"].values()))
    return first
