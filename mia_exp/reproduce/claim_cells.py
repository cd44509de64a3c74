"""The tests of the paper's claims: the scores of each cell, and the contrast that the claim is about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mia_exp.core.column import Column
from mia_exp.reproduce.estimates import Tables, joined, renamed
from mia_exp.reproduce.published import FIRST_PANELS
from mia_exp.reproduce.scale_results import Case, Results
from mia_exp.reproduce.statistics import (
    Statistic,
    auc,
    average,
    best_line,
    correlation,
    difference,
    hard_to_easy,
    largest,
    smallest,
    spread,
)

# Noise is not visible where the structural similarity of outputs with and without it is at least this.
INVISIBLE_SSIM = 0.9
# From this share of the pixels on, the paper calls Fig. 15 stable.
STABLE_SHARE = 0.5
# Around the default, a range of alpha that a factor of four spans.
ALPHAS = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Cell:
    """One test of a claim.

    Attributes:
        case: The victim, the dataset and the split.
        tables: The scores by seed.
        statistic: What is estimated from them.
        detail: What else distinguishes it, such as `sigma 0.4`.
    """

    case: Case
    tables: Tables
    statistic: Statistic
    detail: str = ""


Cells = Callable[[Results], Iterator[Cell]]


def gain(experiment: str, column: str) -> Cells:
    """An attack's AUC minus that of L_rec, in the same runs."""

    def cells(results: Results) -> Iterator[Cell]:
        columns = results.columns(experiment)
        for case in results.cases(experiment):
            statistic = difference(auc(column, columns), auc("l_rec", columns))
            yield Cell(case, results.tables(experiment, case), statistic)

    return cells


def contrast(first: tuple[str, str], second: tuple[str, str], victim: str | None = None) -> Cells:
    """A column of one experiment minus a column of another, on the same images."""
    (experiment, column), (other, its_column) = first, second

    def cells(results: Results) -> Iterator[Cell]:
        columns = {**results.columns(other), **results.columns(experiment)}
        for case in results.cases(other):
            tables = _both(results.tables(experiment, case), results.tables(other, case))
            if tables and victim in (None, case.victim):
                yield Cell(case, tables, difference(auc(column, columns), auc(its_column, columns)))

    return cells


def alphas(results: Results) -> Iterator[Cell]:
    """L_mem against L_rec at several weights."""
    columns = results.columns("table1")
    for case in results.cases("table1"):
        statistic = difference(auc("l_mem", columns), auc("l_rec", columns))
        tables = results.tables("table1", case)
        for alpha in ALPHAS:
            yield Cell(case, with_alpha(tables, alpha), statistic, f"alpha {alpha:g}")


def with_alpha(tables: Tables, alpha: float) -> Tables:
    """The same scores with another weight of the difficulty in L_mem."""
    return {seed: table.assign(l_mem=table["l_rec"] - alpha * table["l_diff"]) for seed, table in tables.items()}


def lines(*cases: tuple[str, str]) -> Cells:
    """The best line on L_mem against the best line on L_rec, for some victims and datasets."""

    def cells(results: Results) -> Iterator[Cell]:
        columns = results.columns("table1")
        for case in results.cases("table1"):
            if (case.victim, case.dataset) in cases:
                statistic = difference(best_line("l_mem", columns), best_line("l_rec", columns))
                yield Cell(case, results.tables("table1", case), statistic)

    return cells


def correlations(*cases: tuple[str, str]) -> Cells:
    """The correlation of L_rec with L_diff minus that with the supervised difficulty."""

    def cells(results: Results) -> Iterator[Cell]:
        columns = results.columns("table2")
        for case in results.cases("table2"):
            if (case.victim, case.dataset) in cases:
                ours, theirs = (correlation("l_rec", name, columns) for name in ("l_diff", "l_vsd"))
                yield Cell(case, results.tables("table2", case), difference(ours, theirs))

    return cells


def detail_of_hard_images(results: Results) -> Iterator[Cell]:
    """The correlation of L_diff with two measures of detail."""
    for case in results.cases("table1"):
        # Of one victim, since the difficulty needs none.
        if (case.victim, case.dataset) in FIRST_PANELS:
            for name in ("laplacian_energy", "contrast"):
                statistic = correlation("l_diff", name, results.columns("table1"))
                yield Cell(case, results.tables("table1", case), statistic, f"and {name.replace('_', ' ')}")


def few_shadow_pairs(results: Results) -> Iterator[Cell]:
    """The single-image difficulty against shadow models of few pairs."""
    columns = {**results.columns("table1"), **results.columns("fig4")}
    for case in results.cases("fig4"):
        statistic = difference(auc("l_mem_slope", columns), auc("l_mem_multi_slope", columns))
        counts = results.values("fig4", case, "shadow.n_pairs")
        members = results.select("fig4", case)[0].about["split"]["members"]
        for count in counts:
            # The paper's ratios are 1 in 11 and 1 in 30.
            if 8 * count <= members:
                shadow = results.tables("fig4", case, shadow__n_pairs=count)
                if tables := _both(results.tables("table1", case), shadow):
                    yield Cell(case, tables, statistic, f"{count} shadow pairs of {members}")


def last_against_first(experiment: str, setting: str, column: str, words: str) -> Cells:
    """A column's AUC at the largest value of a swept setting minus that at the smallest.

    Args:
        experiment: The experiment.
        setting: The swept setting.
        column: The column.
        words: What the values are: `epoch`.
    """

    def cells(results: Results) -> Iterator[Cell]:
        columns = results.columns(experiment)
        for case in results.cases(experiment):
            values = results.values(experiment, case, setting)
            first, last = values[0], values[-1]
            tables = _both(*(_at(results, experiment, case, setting, value) for value in (last, first)))
            if first != last and tables:
                yield Cell(case, tables, _between(column, columns, last, first), f"{words} {last} against {first}")

    return cells


def invisible_noise(results: Results) -> Iterator[Cell]:
    """Noise that is not visible against none."""
    columns = results.columns("fig10")
    for case in results.cases("fig10"):
        sigmas = [sigma for sigma in results.values("fig10", case, "defense.sigma") if sigma > 0]
        for sigma in sigmas:
            if _ssim(results, case, sigma) >= INVISIBLE_SSIM:
                tables = _both(*(_at(results, "fig10", case, "defense.sigma", value) for value in (sigma, 0)))
                if tables:
                    contrast = _between("l_mem", columns, sigma, 0)
                    yield Cell(case, tables, contrast, f"sigma {sigma:g} against none")


def strongest_noise(results: Results) -> Iterator[Cell]:
    """The AUC under the strongest noise."""
    columns = results.columns("fig10")
    for case in results.cases("fig10"):
        sigma = results.values("fig10", case, "defense.sigma")[-1]
        tables = results.tables("fig10", case, defense__sigma=sigma)
        yield Cell(case, tables, auc("l_mem", columns), f"sigma {sigma:g}, SSIM {_ssim(results, case, sigma):.2f}")


def above_the_classifier(results: Results) -> Iterator[Cell]:
    """L_mem against the classifier, at each number of shadow pairs."""
    columns = {**results.columns("table1"), **results.columns("fig11")}
    for case in results.cases("fig11"):
        for count in results.values("fig11", case, "shadow.n_pairs"):
            classifier = results.tables("fig11", case, shadow__n_pairs=count)
            if tables := _both(results.tables("table1", case), classifier):
                statistic = difference(auc("l_mem", columns), auc("shadow_score", columns))
                yield Cell(case, tables, statistic, f"{count} pairs")


def faces(results: Results) -> Iterator[Cell]:
    """The AUC on faces."""
    columns = results.columns("fig12")
    for case in results.cases("fig12"):
        yield Cell(case, results.tables("fig12", case), auc("l_mem", columns))


def pixel_draws(results: Results, case: Case) -> tuple[Tables, dict[float, list[Statistic]]]:
    """L_mem of all fitted shares and pixel draws side by side, and their AUCs by share."""
    columns, parts = dict(results.columns("fig15")), []
    found: dict[float, list[Statistic]] = {}
    for share in results.values("fig15", case, "difficulty.fitted_share"):
        found[share] = []
        for draw in results.values("fig15", case, "difficulty.seed"):
            settings = {"difficulty__fitted_share": share, "difficulty__seed": draw}
            tables = results.tables("fig15", case, **settings)
            if tables:
                name = f"l_mem@{share}@{draw}"
                columns[name] = columns["l_mem"]
                parts.append(renamed(tables, f"@{share}@{draw}"))
                found[share].append(auc(name, columns))
    return joined(*parts), found


def instability(results: Results) -> Iterator[Cell]:
    """The spread over pixel draws below half of the pixels against that from half on."""
    for case in results.cases("fig15"):
        tables, by_share = pixel_draws(results, case)
        spreads = {share: spread(aucs, "SD over pixel draws") for share, aucs in by_share.items() if len(aucs) > 1}
        below = [one for share, one in spreads.items() if share < STABLE_SHARE]
        above = [one for share, one in spreads.items() if share >= STABLE_SHARE]
        if tables and below and above:
            contrast = difference(average(below, "below half"), average(above, "from half"), "SD over pixel draws")
            yield Cell(case, tables, contrast, "shares below half against from half on")


def stability(results: Results) -> Iterator[Cell]:
    """The range of the AUC over the shares from half on."""
    for case in results.cases("fig15"):
        tables, by_share = pixel_draws(results, case)
        means = [average(aucs, "mean") for share, aucs in by_share.items() if share >= STABLE_SHARE]
        if tables and len(means) > 1:
            contrast = difference(largest(means, "largest"), smallest(means, "smallest"), "range of the mean AUC")
            yield Cell(case, tables, contrast, "shares from half on")


def resize_methods(results: Results) -> Iterator[Cell]:
    """The range of the AUC over the resize methods."""
    for case in results.cases("fig16"):
        columns = dict(results.columns("fig16"))
        methods = results.values("fig16", case, "difficulty.resize")
        parts = [_at(results, "fig16", case, "difficulty.resize", method) for method in methods]
        columns |= {f"l_mem@{method}": columns["l_mem"] for method in methods}
        aucs = [auc(f"l_mem@{method}", columns) for method in methods]
        tables = joined(*parts)
        if tables and len(methods) > 1:
            contrast = difference(largest(aucs, "largest"), smallest(aucs, "smallest"), "range of the AUC")
            yield Cell(case, tables, contrast, ", ".join(methods))


def weighted(statistic: Callable[[str], Statistic], label: str) -> Cells:
    """A statistic of victims trained with weights minus that of those without."""

    def cells(results: Results) -> Iterator[Cell]:
        for case in results.cases("fig17"):
            without = results.tables("table1", case)
            tables = _both(renamed(results.tables("fig17", case), "@with"), renamed(without, "@without"))
            if tables:
                yield Cell(case, tables, difference(statistic("@with"), statistic("@without"), label))

    return cells


def attention(suffix: str) -> Statistic:
    """The error of the hardest quarter of the members over that of the easiest; columns end in `suffix`."""
    return hard_to_easy(f"l_rec{suffix}", f"l_diff{suffix}")


def _both(first: Tables, second: Tables) -> Tables:
    return joined(first, second) if first and second else {}


def _at(results: Results, experiment: str, case: Case, setting: str, value: object) -> Tables:
    tables = results.tables(experiment, case, **{setting.replace(".", "__"): value})
    return renamed(tables, f"@{value}")


def _between(column: str, columns: Mapping[str, Column], value: object, other: object) -> Statistic:
    named = {f"{column}@{one}": columns[column] for one in (value, other)}
    return difference(auc(f"{column}@{value}", named), auc(f"{column}@{other}", named))


def _ssim(results: Results, case: Case, sigma: float) -> float:
    """The mean structural similarity of outputs with and without noise."""
    found = [run.about["damage"] for run in results.select("fig10", case, defense__sigma=sigma)]
    values = [damage["outputs"]["ssim"] for damage in found if damage]
    return sum(values) / len(values) if values else 1.0
