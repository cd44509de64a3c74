"""The result in words, and its numbers as text, for the page and the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mia_exp.evaluation.roc import max_false_positives
from mia_exp.report.column_titles import meaning, title

NO_BLIND_DIFFERENCE = "No blind column separates the split by more than chance."
# With fewer false positives than this, the threshold depends on single images.
MIN_FALSE_POSITIVES = 5


@dataclass(frozen=True)
class Row:
    """One row of the table of results, as text.

    Attributes:
        name: The title of the column or difference.
        meaning: A short description, or empty.
        cells: AUC and its interval, the true-positive rates, the balanced accuracy; fewer for a difference.
        separates: For a blind column, whether it separates the groups; None for the others.
    """

    name: str
    meaning: str
    cells: list[str]
    separates: bool | None = None


def question(metrics: Mapping[str, Any]) -> str:
    """The question of the run, in one or two sentences."""
    if not _queries_victim(metrics):
        return (
            f"Do members and non-members of {metrics['dataset']} differ in difficulty? {images(metrics)} were "
            f"scored; no model was queried.{_scale(metrics)}"
        )
    kind = metrics["defense"]["kind"]
    defended = "" if kind == "none" else f", with the defense {kind}"
    return (
        f"Which images of {metrics['dataset']} was this {metrics['victim']['kind']} trained on? "
        f"{images(metrics)} were evaluated by the model's outputs alone{defended}.{_scale(metrics)}"
    )


def _scale(metrics: Mapping[str, Any]) -> str:
    """A note for runs that reproduce the paper at a smaller size."""
    if metrics.get("scale", "own") != "cpu":
        return ""
    return f" Scaled down to {metrics['victim']['image_size']} pixels (scale=cpu): not the paper's numbers."


def images(metrics: Mapping[str, Any]) -> str:
    """`100 members and 100 non-members of a random split`."""
    split = metrics["split"]["title"]
    return f"{metrics['n_members']} members and {metrics['n_nonmembers']} non-members of {split}"


def answer(metrics: Mapping[str, Any]) -> str:
    """The result of the strongest attack, in one or two sentences."""
    name, best = max(metrics["attacks"].items(), key=lambda item: item[1]["auc"])
    measured = f"AUC {with_interval(best['auc'], best['auc_ci95'])}"
    # An AUC at chance does not exclude that a few members are exposed: the rate is stated in either case.
    found = ""
    for fpr in _rates(metrics)[:1]:
        found = f"; at {percent(float(fpr))} FPR, {percent(best['tpr_at_fpr'][fpr])} of the members are found"
    if not _queries_victim(metrics):
        differs = best["auc_ci95"][0] > 0.5 or best["auc_ci95"][1] < 0.5
        finding = "separates" if differs else "does not separate"
        return f"{title(metrics, name)} alone {finding} the two groups: {measured}{found}."
    if best["auc_ci95"][0] <= 0.5:
        return (
            "By AUC, no attack here separates members from non-members better than chance: "
            f"{title(metrics, name)}, the strongest, reaches {measured}{found}. That holds for these attacks on "
            "these images; another attack may be stronger."
        )
    return (
        "An attacker with black-box access, who only sees the model's outputs, separates members from non-members "
        f"with {measured} ({title(metrics, name)}){found}."
    )


def header(metrics: Mapping[str, Any]) -> list[str]:
    """The titles of the number columns."""
    rates = [f"TPR at {percent(float(fpr))} FPR" for fpr in _rates(metrics)]
    accuracy = ["accuracy at its threshold"] if has_accuracy(metrics) else []
    return ["AUC", *rates, "balanced accuracy", *accuracy]


def has_accuracy(metrics: Mapping[str, Any]) -> bool:
    """Whether some attack has a threshold of its own."""
    return any(result.get("accuracy") is not None for result in metrics["attacks"].values())


def detail_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Further facts about the attack, one line each."""
    return [f"{name}: {value}" for name, value in metrics.get("attack_details", {}).items()]


def damage_rows(metrics: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The damage of the defense to outputs: PSNR, SSIM and perceptual distance, one row per comparison."""
    damage = metrics.get("damage")
    if not damage:
        return []
    names = {
        "outputs": "outputs with and without the defense",
        "undefended": "outputs without it, and the targets",
        "defended": "outputs with it, and the targets",
    }
    return [(names[part], _damage_cells(damage[part])) for part in names]


def damage_sentence(metrics: Mapping[str, Any]) -> str | None:
    """The same as a sentence, for the terminal."""
    damage = metrics.get("damage")
    if not damage:
        return None
    changed, before, after = (damage[part] for part in ("outputs", "undefended", "defended"))
    psnr = "" if changed["psnr"] is None else f"PSNR {changed['psnr']:.1f} dB, "
    return (
        f"The defense changes the outputs by {psnr}SSIM {changed['ssim']:.3f}, perceptual distance "
        f"{changed['perceptual']:.3f}; their SSIM with the targets goes from {before['ssim']:.3f} to "
        f"{after['ssim']:.3f} (means of {damage['n']} images)."
    )


def rate_notes(metrics: Mapping[str, Any]) -> list[str]:
    """Notes on true-positive rates that the number of non-members makes imprecise or unmeasurable."""
    n = metrics["n_nonmembers"]
    rates = _first(metrics)["tpr_at_fpr"]
    notes = []
    for fpr in _rates(metrics):
        allowed = max_false_positives(float(fpr), n)
        if allowed < MIN_FALSE_POSITIVES:
            notes.append(
                f"{percent(float(fpr))} FPR allows {allowed} of the {n} non-members as false positives: with so "
                "few, the TPR is imprecise and biased upwards."
            )
    absent = [percent(float(fpr)) for fpr in _by_rate(rates) if rates[fpr] is None]
    if absent:
        notes.append(f"{n} non-members are too few to measure a TPR at {' or '.join(absent)} FPR.")
    return notes


def attack_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """A row for each attack, the strongest first."""
    strongest_first = sorted(metrics["attacks"].items(), key=lambda item: -item[1]["auc"])
    return [
        Row(title(metrics, name), meaning(metrics, name), _cells(result, _rates(metrics)))
        for name, result in strongest_first
    ]


def delta_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """A row for each difference of two columns' AUC."""
    return [
        Row(
            " − ".join(title(metrics, column) for column in name.split(" - ")),
            "AUC difference",
            [with_interval(delta["auc"], delta["ci95"], signed=True)],
        )
        for name, delta in metrics["deltas"].items()
    ]


def blind_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """A row for each column that does not query the model, the furthest from chance first."""
    furthest_first = sorted(metrics["blind"].items(), key=lambda item: -abs(item[1]["auc"] - 0.5))
    return [
        Row(
            title(metrics, name), meaning(metrics, name), _cells(result, _rates(metrics)), bool(result["separates"])
        )
        for name, result in furthest_first
    ]


def with_interval(value: float, interval: Sequence[float], *, signed: bool = False) -> str:
    """`0.91 [0.87, 0.94]`; up to four decimals if fewer would round a number to 0 or 1."""
    numbers = (value, *interval)
    digits = 2
    while digits < 4 and any(round(abs(number), digits) in (0, 1) and number not in (0, 1) for number in numbers):
        digits += 1
    estimate, low, high = (f"{number:{'+' if signed else ''}.{digits}f}".replace("-", "−") for number in numbers)
    return f"{estimate} [{low}, {high}]"


def percent(share: float) -> str:
    """`0.01` -> `1 %`, `0.235` -> `24 %`, `0.9991` -> `99.9 %`."""
    if 0.0995 <= share < 0.995:
        return f"{100 * share:.0f} %"
    return f"{100 * share:.3g} %" if share > 0.5 else f"{100 * share:.2g} %"


def _cells(result: Mapping[str, Any], rates: Sequence[str]) -> list[str]:
    return [
        with_interval(result["auc"], result["auc_ci95"]),
        *(with_interval(result["tpr_at_fpr"][fpr], result["tpr_at_fpr_ci95"][fpr]) for fpr in rates),
        f"{result['balanced_accuracy']:.2f}",
        *([] if result.get("accuracy") is None else [f"{result['accuracy']:.2f}"]),
    ]


def _damage_cells(part: Mapping[str, Any]) -> list[str]:
    psnr = "-" if part["psnr"] is None else f"{part['psnr']:.1f} dB"
    return [psnr, f"{part['ssim']:.3f}", f"{part['perceptual']:.3f}"]


def _queries_victim(metrics: Mapping[str, Any]) -> bool:
    """Whether a victim was queried."""
    return bool(metrics["victim"]["kind"] != "none")


def _rates(metrics: Mapping[str, Any]) -> list[str]:
    """The false-positive rates that could be measured, the largest first."""
    rates = _first(metrics)["tpr_at_fpr"]
    return [fpr for fpr in _by_rate(rates) if rates[fpr] is not None]


def _by_rate(rates: Mapping[str, float | None]) -> list[str]:
    """The largest first; JSON sorts the keys as text."""
    return sorted(rates, key=float, reverse=True)


def _first(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    first: Mapping[str, Any] = next(iter(metrics["attacks"].values()))
    return first
