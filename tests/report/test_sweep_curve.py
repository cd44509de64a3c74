"""A sweep over a number: the order of its rows, and the curves that are drawn of it."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from mia_exp.report.sweep_curve import draw_curves, swept_curves
from mia_exp.report.sweep_results import collect_sweep
from mia_exp.report.swept_number import Spacing, spacing, step_to_zero, swept_numbers
from tests.report.test_sweep import add_job, labels, printed, result

# In the order of the alphabet, 10 would stand before 2; by AUC, 2 before both.
ALPHAS = {"10": 0.7, "1": 0.75, "2": 0.9}


@pytest.fixture
def alphas(tmp_path: Path) -> Path:
    """A sweep over alpha, which L_rec does not depend on."""
    for number, (alpha, auc) in enumerate(ALPHAS.items()):
        scores = {"l_rec": result(0.8), "l_mem": result(auc)}
        add_job(tmp_path, number, ["experiment=x", f"attack.alpha={alpha}"], scores, attack={"alpha": alpha})
    return tmp_path


def drawn(folder: Path) -> Figure:
    sweep = collect_sweep(folder)
    panels = swept_curves(sweep)
    assert panels is not None
    figure = Figure()
    draw_curves(figure, panels, sweep.numbers[0])
    return figure


def lines(figure: Figure, panel: int = 0) -> dict[str, list[list[float]]]:
    """The points of each curve of a panel, by the curve's name in the legend."""
    return {line.get_label(): line.get_xydata().tolist() for line in figure.axes[panel].lines}


def test_rows_stand_in_the_order_of_the_number(alphas: Path) -> None:
    assert labels(alphas) == [
        "L_mem (attack.alpha=1)",
        "L_mem (attack.alpha=2)",
        "L_mem (attack.alpha=10)",
        "L_rec",
        "brightness",
    ]
    text = (alphas / "sweep.md").read_text() if printed(alphas) else ""
    places = [text.index(f"attack.alpha={alpha}:"[:-1] + " |") for alpha in (1, 2, 10)]
    assert places == sorted(places)


def test_a_curve_goes_through_the_numbers_in_their_order_with_its_band(alphas: Path) -> None:
    figure = drawn(alphas)
    found = lines(figure)
    assert found.pop("chance")[0][1] == 0.5
    # The blind column is the same for every alpha, and separates nothing.
    assert list(found.values()) == [[[1, 0.75], [2, 0.9], [10, 0.7]], [[1, 0.8], [2, 0.8], [10, 0.8]]]
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    for place, auc in ((1, 0.75), (2, 0.9), (10, 0.7)):
        ends = band[band[:, 0] == place][:, 1]
        assert (ends.min(), ends.max()) == pytest.approx((auc - 0.05, auc + 0.04))


def test_the_page_and_the_figure_are_of_the_curve(alphas: Path) -> None:
    printed(alphas)
    page = (alphas / "sweep.html").read_text()
    assert "AUC against attack.alpha" in page
    assert (alphas / "sweep.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (["attack=ours", "attack=shadow"], None),
        # A seed is written in digits, and has no order.
        (["victim.seed=1", "victim.seed=2"], None),
        (["query.epoch=null", "query.epoch=10"], None),
        (["defense.sigma=nan", "defense.sigma=1"], None),
        (["defense.sigma=0.1", "defense.sigma=0.1"], None),
        (["defense.sigma=1e-3", "defense.sigma=0"], "defense.sigma"),
    ],
)
def test_only_an_amount_is_a_number_that_is_swept(words: list[str], setting: str | None, tmp_path: Path) -> None:
    assert swept_numbers([[word] for word in words]) == ([] if setting is None else [setting])
    for number, word in enumerate(words):
        add_job(tmp_path, number, [word], {"l_rec": result(0.8 + number / 10)}, victim={"kind": word})
    assert (swept_curves(collect_sweep(tmp_path)) is None) == (setting is None)
    printed(tmp_path)
    assert ("AUC against" in (tmp_path / "sweep.html").read_text()) == (setting is not None)


def test_two_numbers_give_a_curve_for_each_value_of_the_one_with_fewer(tmp_path: Path) -> None:
    jobs = [(sigma, epoch) for sigma in (0, 1) for epoch in (100, 20, 3)]
    for number, (sigma, epoch) in enumerate(jobs):
        scores = {"l_rec": result(0.5 + epoch / 1000 + sigma / 10)}
        words = [f"defense.sigma={sigma}", f"query.epoch={epoch}"]
        add_job(tmp_path, number, words, scores, victim={"kind": f"{words}"})
    assert labels(tmp_path)[:6] == [
        f"L_rec (defense.sigma={sigma} query.epoch={epoch})" for sigma in (0, 1) for epoch in (3, 20, 100)
    ]
    figure = drawn(tmp_path)
    assert figure.axes[0].get_xlabel() == "query.epoch"
    without, defended, _ = figure.axes[0].lines
    assert "defense.sigma=0" in without.get_label() and "defense.sigma=1" in defended.get_label()
    assert without.get_xydata() == pytest.approx(np.array([[3, 0.503], [20, 0.52], [100, 0.6]]))
    assert defended.get_xydata() == pytest.approx(np.array([[3, 0.603], [20, 0.62], [100, 0.7]]))
    assert without.get_color() != defended.get_color()


def test_each_dataset_has_a_panel(tmp_path: Path) -> None:
    jobs = [(dataset, alpha) for dataset in ("cats", "dogs") for alpha in (2, 1)]
    for number, (dataset, alpha) in enumerate(jobs):
        scores = {"l_mem": result(0.6 + alpha / 10 + (dataset == "dogs") / 20)}
        words = [f"dataset={dataset}", f"attack.alpha={alpha}"]
        add_job(tmp_path, number, words, scores, dataset=dataset, attack={"alpha": alpha})
    assert labels(tmp_path)[:4] == [
        f"L_mem (dataset={dataset} attack.alpha={alpha})" for dataset in ("cats", "dogs") for alpha in (1, 2)
    ]
    figure = drawn(tmp_path)
    assert [axis.get_title() for axis in figure.axes] == ["dataset=cats", "dataset=dogs"]
    for panel, aucs in enumerate(([0.7, 0.8], [0.75, 0.85])):
        found = lines(figure, panel)
        del found["chance"]
        [points] = found.values()
        assert np.array(points) == pytest.approx(np.array([[1, aucs[0]], [2, aucs[1]]]))
    assert len(figure.legends[0].texts) == 2


def test_a_number_that_changes_the_images_shows_the_blind_columns_too(tmp_path: Path) -> None:
    for number, count in enumerate((300, 30, 100)):
        words = [f"split.n_members={count}"]
        add_job(tmp_path, number, words, {"l_rec": result(0.8)}, 0.4 + count / 1000, split={"kind": count})
    assert labels(tmp_path) == [
        f"{name} (split.n_members={count})" for name in ("L_rec", "brightness") for count in (30, 100, 300)
    ]
    found = lines(drawn(tmp_path))
    assert np.array(found["brightness"]) == pytest.approx(np.array([[30, 0.43], [100, 0.5], [300, 0.7]]))


def test_a_blind_column_that_separates_is_drawn_though_the_number_leaves_it(tmp_path: Path) -> None:
    for number, alpha in enumerate((1, 2)):
        scores = {"l_mem": result(0.8 + alpha / 20)}
        add_job(tmp_path, number, [f"attack.alpha={alpha}"], scores, 0.75, attack={"alpha": alpha})
    assert lines(drawn(tmp_path))["brightness"] == [[1, 0.75], [2, 0.75]]


def test_more_curves_than_can_be_told_apart_are_listed(tmp_path: Path) -> None:
    jobs = [(alpha, victim) for alpha in (1, 2) for victim in range(6)]
    for number, (alpha, victim) in enumerate(jobs):
        words = [f"attack.alpha={alpha}", f"victim={chr(97 + victim)}"]
        scores = {"l_mem": result(0.5 + alpha / 10 + victim / 100)}
        add_job(tmp_path, number, words, scores, victim={"kind": victim}, attack={"alpha": alpha})
    sweep = collect_sweep(tmp_path)
    assert sweep.numbers == ["attack.alpha"] and swept_curves(sweep) is None
    assert labels(tmp_path)[:2] == ["L_mem (attack.alpha=1 victim=f)", "L_mem (attack.alpha=2 victim=f)"]


def test_points_that_no_curve_joins_are_listed(tmp_path: Path) -> None:
    for number, words in enumerate((["a=1"], ["a=1", "victim.seed=1"], ["a=2"])):
        add_job(tmp_path, number, words, {"l_rec": result(0.6 + number / 10)}, victim={"seed": number})
    assert labels(tmp_path)[:3] == ["L_rec (a=2)", "L_rec (a=1 victim.seed=1)", "L_rec (a=1 job 0)"]
    assert swept_curves(collect_sweep(tmp_path)) is None


def test_a_point_beside_a_curve_has_its_interval(tmp_path: Path) -> None:
    jobs = (["a=1", "b=x"], ["a=2", "b=x"], ["a=1", "b=y"])
    for number, words in enumerate(jobs):
        add_job(tmp_path, number, words, {"l_rec": result(0.6 + number / 10)}, victim={"seed": number})
    alone = [
        part.get_segments() for part in drawn(tmp_path).axes[0].collections if isinstance(part, LineCollection)
    ]
    assert np.array(alone) == pytest.approx(np.array([[[[1, 0.75], [1, 0.84]]]]))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0.5, 1, 1.5, 2], Spacing.linear),
        # Even steps over a decade: on a logarithmic axis 90 and 100 would touch.
        ([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], Spacing.linear),
        ([10, 32, 100, 316], Spacing.log),
        ([0, 0.25, 0.5, 1, 2, 4], Spacing.symlog),
        ([0, 1], Spacing.linear),
        ([-1, 0.01, 1], Spacing.linear),
    ],
)
def test_numbers_over_decades_are_spaced_by_their_ratios(numbers: list[float], expected: Spacing) -> None:
    assert spacing(numbers) is expected


def test_zero_is_one_step_left_of_the_smallest(tmp_path: Path) -> None:
    assert step_to_zero([0, 0.25, 0.5, 1, 2, 4]) == pytest.approx(np.log10(2))
    for number, sigma in enumerate((0, 0.01, 0.1, 1)):
        add_job(
            tmp_path,
            number,
            [f"defense.sigma={sigma}"],
            {"l_rec": result(0.8 - sigma / 4)},
            defense={"sigma": sigma},
        )
    axis = drawn(tmp_path).axes[0]
    places = axis.get_xaxis().get_transform().transform(np.array([0, 0.01, 0.1, 1]))
    assert np.diff(places) == pytest.approx(np.full(3, np.diff(places)[0]))
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "0.01", "0.1", "1"]
