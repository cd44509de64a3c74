"""What the figures are drawn from, against what the runs say."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import roc_auc_score

from mia_exp.attacks.attack import L_REC
from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer
from mia_exp.config.command_line import read_command
from mia_exp.report.run_figures import choose_figures
from mia_exp.reproduce.catalogue import ITEMS
from mia_exp.reproduce.cells import Cell
from mia_exp.reproduce.curves import CURVES, draw_score
from mia_exp.reproduce.diagram import DifficultyParts
from mia_exp.reproduce.item_figures import DIAGRAM
from mia_exp.reproduce.pictures import PICTURES, keep_pictures
from mia_exp.reproduce.scatter import PLANES, best_line, plot_planes, read_scores
from tests.cli import mia_exp, tiny
from tests.report.conftest import make_run


@pytest.fixture(scope="module")
def project(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.mktemp("figures")
    outcome = mia_exp(*tiny(folder_dataset, "hydra.run.dir=run"), cwd=cwd)
    assert outcome.status == 0, outcome.err
    return cwd


def test_every_figure_is_drawn_by_one_hand() -> None:
    drawn = [*CURVES, *PLANES, *PICTURES, DIAGRAM]
    assert sorted(drawn) == sorted(name for name in ITEMS if name.startswith("fig"))
    others = [name for name in ITEMS if not name.startswith("fig")]
    assert others == ["table1", "table2", "table3", "table4", "seeds_facades", "seeds_maps2sat"]
    assert len(drawn) == 17


def test_a_picture_is_one_that_a_report_has() -> None:
    run = make_run(20, attack="supervised")
    is_member = run.scores.index.isin(run.members)
    drawn = {figure.name for figure in choose_figures(run.metrics, run.scores, is_member, run.gallery)}
    assert set(PICTURES.values()) <= drawn


def test_a_curve_rises_with_its_setting_and_choices_stand_by_name() -> None:
    def cells(setting: str, aucs: dict[str, float]) -> list[Cell]:
        results = {value: {"auc": auc, "auc_ci95": [auc - 0.1, auc + 0.05]} for value, auc in aucs.items()}
        columns = {"l_rec": asdict(L_REC)}
        return [
            Cell("any", {setting: value}, {"attacks": {"l_rec": result}, "blind": {}, "columns": columns})
            for value, result in results.items()
        ]

    figure = Figure()
    numbers, choices = figure.subplots(1, 2)
    # As text, 100 would stand before 32.
    points = cells("shadow.n_pairs", {"100": 0.9, "32": 0.8, "10": 0.7})
    draw_score(numbers, CURVES["fig4"], points, "l_rec", "black", "o")
    assert numbers.lines[0].get_xydata() == pytest.approx(np.array([[10, 70], [32, 80], [100, 90]]))
    points = cells("victim.difficulty_weighting", {"False": 0.6, "True": 0.8})
    draw_score(choices, CURVES["fig17"], points, "l_rec", "black", "o")
    assert choices.lines[0].get_ydata() == pytest.approx([60, 80])
    assert [label.get_text() for label in choices.get_xticklabels()] == ["no", "yes"]
    ends = [segment[:, 1] for segment in choices.containers[0].lines[2][0].get_segments()]
    assert np.array(ends) == pytest.approx(np.array([[50, 65], [70, 85]]))


def test_points_are_coloured_by_membership(project: Path) -> None:
    table, is_member, dataset = read_scores(project / "run", project / "outputs/artifacts")
    metrics = json.loads((project / "run/metrics.json").read_text())
    assert dataset == "folder"
    assert is_member.sum() == metrics["n_members"]
    # The AUC of what is drawn is the one that the run reports.
    for column in ("l_rec", "l_mem"):
        expected = metrics["attacks"][column]["auc"]
        assert roc_auc_score(is_member, -table[column]) == pytest.approx(expected)


def test_the_best_line_leaves_the_fewest_on_the_wrong_side() -> None:
    score = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    # Below 2: two of three members and no other; that is (2/3 + 2/2) / 2.
    assert best_line(score, np.array([True, True, False, True, False])) == pytest.approx((2, 5 / 6))


def test_planes_and_pictures_are_written_as_png_and_pdf(project: Path, tmp_path: Path) -> None:
    plot_planes("fig3", [project / "run"], project / "outputs/artifacts", tmp_path / "fig3")
    [picture] = keep_pictures("fig1", [project / "run"], tmp_path)
    assert picture == tmp_path / "fig1-folder.png"
    # The run's own picture, with room above for the title.
    with Image.open(picture) as shown, Image.open(project / "run/figures/difficulty-extremes.png") as whole:
        assert shown.height / shown.width > whole.height / whole.width
    for name in ("fig3", "fig1-folder"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_the_diagram_shows_the_error_that_the_score_is_the_mean_of() -> None:
    config = read_command(["experiment=demo"]).jobs[0].config
    coarse = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    described, predicted = torch.nn.functional.interpolate(coarse, (64, 64), mode="bilinear").split(1)
    parts = DifficultyParts.of(described[0], predicted[0], config)
    [score] = DifficultyScorer(config.features, config.difficulty, torch.device("cpu"))(described, predicted)
    assert np.nanmean(parts.error) == pytest.approx(score, rel=1e-4)
    held_out = 1 - config.difficulty.fitted_share
    assert np.isfinite(parts.error).mean() == pytest.approx(held_out, abs=1e-3)
    assert parts.image.shape == parts.features.shape == parts.predicted.shape == (56, 56, 3)
