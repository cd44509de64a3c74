"""What the figures are drawn from, against what the runs say."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from mia_exp.attacks.numerics.difficulty_scorer import DifficultyScorer
from mia_exp.config.command_line import read_command
from mia_exp.report.run_figures import choose_figures
from mia_exp.reproduce.catalogue import ITEMS
from mia_exp.reproduce.curve_figures import plot_curves
from mia_exp.reproduce.curves import CURVES
from mia_exp.reproduce.diagram import DifficultyParts
from mia_exp.reproduce.item_figures import DIAGRAM
from mia_exp.reproduce.pictures import PICTURES, keep_pictures
from mia_exp.reproduce.scale_results import Case, Results
from mia_exp.reproduce.scatter import PLANES, best_line, plot_planes
from mia_exp.reproduce.sizes import SCORES, plot_sizes, sized
from tests.cli import mia_exp, tiny
from tests.report.conftest import make_run
from tests.reproduce.made_results import save_cases, scores


@pytest.fixture(scope="module")
def project(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.mktemp("figures")
    outcome = mia_exp(*tiny(folder_dataset, "hydra.run.dir=run"), cwd=cwd)
    assert outcome.status == 0, outcome.err
    return cwd


def test_every_figure_is_drawn_by_one_hand() -> None:
    drawn = [*CURVES, *PLANES, *PICTURES, DIAGRAM]
    assert sorted(drawn) == sorted(name for name in ITEMS if name.startswith("fig"))
    assert [name for name in ITEMS if not name.startswith("fig")] == [
        "table1", "table2", "table3", "table4", "lengths", "sizes"
    ]  # fmt: skip
    assert len(drawn) == 17


def test_a_picture_is_one_that_a_report_has() -> None:
    run = make_run(20, attack="supervised")
    is_member = run.scores.index.isin(run.members)
    drawn = {figure.name for figure in choose_figures(run.metrics, run.scores, is_member, run.gallery)}
    assert {picture.figure for picture in PICTURES.values()} <= drawn


CASE = ("pix2pixhd", "maps2sat", "random")


def test_a_curve_has_the_mean_over_seeds_by_its_setting(tmp_path: Path) -> None:
    pairs = [100, 32, 10]
    save_cases(tmp_path, "table1", [CASE], (0, 1), gaps={"l_mem": 2.0})
    gaps = {"shadow_score": 1.0}
    save_cases(tmp_path, "fig11", [CASE], (0, 1), sweep={"shadow.n_pairs": pairs}, gaps=gaps)
    classifier, l_mem, l_rec = CURVES["fig11"].series(Results(tmp_path), Case(*CASE))
    # As text, 100 would stand before 32.
    assert list(classifier.points) == [10, 32, 100]
    expected = []
    for seed in (0, 1):
        table = scores(40, seed, shadow_score=1.0)
        expected.append(roc_auc_score(table["member"], table["shadow_score"]))
    assert classifier.points[32].value == pytest.approx(np.mean(expected))
    # What does not depend on the setting is one estimate.
    assert len({id(point) for point in l_mem.points.values()}) == 1
    assert [series.column.name for series in (classifier, l_mem, l_rec)] == ["shadow_score", "l_mem", "l_rec"]


def test_alpha_zero_is_l_rec(tmp_path: Path) -> None:
    save_cases(tmp_path, "table1", [CASE], (0, 1), gaps={"l_mem": 2.0, "l_mem_slope": 1.0})
    l_mem, l_rec, _ = CURVES["fig8"].series(Results(tmp_path), Case(*CASE))
    assert l_mem.points[0.0].value == pytest.approx(l_rec.points[0.0].value)


def test_choices_stand_by_name(tmp_path: Path) -> None:
    save_cases(tmp_path, "table1", [CASE], (0, 1), gaps={"l_mem": 0.5})
    save_cases(tmp_path, "fig17", [CASE], (0, 1), gaps={"l_mem": 2.0})
    l_mem, _ = CURVES["fig17"].series(Results(tmp_path), Case(*CASE))
    assert list(l_mem.points) == ["no", "yes"]
    assert l_mem.points["no"].value < l_mem.points["yes"].value


def test_sizes_are_drawn_from_half_size_alone(tmp_path: Path) -> None:
    """Three hours of training do not end in an error for want of another scale's results."""
    assert plot_sizes(tmp_path) == []
    case = ("pix2pix", "facades", "official")
    save_cases(tmp_path / "half", "sizes", [case], (0, 1), gaps={"l_mem": 2.0})
    score = next(score for score in SCORES if score.column == "l_mem")
    assert plot_sizes(tmp_path) == [tmp_path / "half/sizes.png"]
    assert list(sized(tmp_path, score, "official")) == [64]
    save_cases(tmp_path / "paper", "table1", [case], (0, 1), {"victim.image_size": [256]}, gaps={"l_mem": 1.0})
    found = sized(tmp_path, score, "official")
    table = scores(40, 0, l_mem=1.0)
    assert found[256].by_seed[0] == pytest.approx(roc_auc_score(table["member"], -table["l_mem"]))
    assert sized(tmp_path, score, "random") == {}


def test_figures_are_drawn_the_same_twice(tmp_path: Path) -> None:
    save_cases(
        tmp_path,
        "table1",
        [CASE, ("pix2pix", "facades", "official")],
        (0, 1),
        gaps={"l_mem": 2.0, "l_mem_slope": 1.0},
    )
    for folder in ("a", "b"):
        plot_curves("fig8", Results(tmp_path), tmp_path / folder)
        plot_planes("fig3", Results(tmp_path), tmp_path / folder)
    drawn = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert drawn == [
        "fig3-random.pdf", "fig3-random.png",
        "fig8-official.pdf", "fig8-official.png", "fig8-random.pdf", "fig8-random.png",
    ]  # fmt: skip
    for name in drawn:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_best_line_leaves_the_fewest_on_the_wrong_side() -> None:
    score = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    # Below 2: two of three members and no other; that is (2/3 + 2/2) / 2.
    assert best_line(score, np.array([True, True, False, True, False])) == pytest.approx((2, 5 / 6))


def test_pictures_are_written_as_png_and_pdf(project: Path, tmp_path: Path) -> None:
    # As a job of a sweep, which has its overrides beside it.
    job = tmp_path / "sweeps/fig1/0"
    shutil.copytree(project / "run", job)
    (job / "overrides.json").write_text(json.dumps(["dataset=folder"]))
    [picture] = keep_pictures("fig1", tmp_path / "sweeps", tmp_path)
    assert picture == tmp_path / "fig1-folder.png"
    # The run's own picture, with room above for the title.
    with Image.open(picture) as shown, Image.open(project / "run/figures/difficulty-extremes.png") as whole:
        assert shown.height / shown.width > whole.height / whole.width
    assert (tmp_path / "fig1-folder.pdf").read_bytes().startswith(b"%PDF")


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
