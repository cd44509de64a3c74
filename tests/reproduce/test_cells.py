"""Tables, claims and curves from cells made by hand."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mia_exp.attacks.attack import L_REC
from mia_exp.attacks.ours import Ours
from mia_exp.config.command_line import read_command
from mia_exp.evaluation.blind import BLIND_COLUMNS
from mia_exp.reproduce.catalogue import ITEMS
from mia_exp.reproduce.cells import Cell, read_cells, save_cells
from mia_exp.reproduce.claims import CLAIMS
from mia_exp.reproduce.curves import CURVES, plot_curve
from mia_exp.reproduce.item_tables import render_table, render_verdicts
from mia_exp.reproduce.results_page import write_page
from mia_exp.reproduce.seed_spread import render_seeds
from mia_exp.reproduce.split_alone import render_split_alone
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD

ROOT = Path(__file__).parents[2]


def metrics(l_rec: float, l_mem: float, delta: tuple[float, float], split: str = "random") -> dict[str, Any]:
    def result(auc: float) -> dict[str, Any]:
        return {"auc": auc, "auc_ci95": [auc - 0.05, auc + 0.05]}

    return {
        "scale": "cpu",
        "dataset": "facades",
        "n_members": 100,
        "n_nonmembers": 90,
        "victim": {"image_size": 64},
        "features": {"backbone": "efficientnet_lite0"},
        "split": {"kind": split, "members": 100, "seed": 3, "hash": "0123456789"},
        "attacks": {"l_rec": result(l_rec), "l_mem": result(l_mem)},
        "blind": {
            "brightness": {**result(0.42), "separates": True},
            "contrast": {**result(0.55), "separates": False},
        },
        "columns": {column.name: asdict(column) for column in (L_REC, *Ours.columns, *BLIND_COLUMNS)},
        "deltas": {"l_mem - l_rec": {"auc": l_mem - l_rec, "ci95": list(delta)}},
    }


def cell(found: dict[str, Any] | None, experiment: str = "table1", **overrides: str) -> Cell:
    return Cell(experiment, {"dataset": "facades", "victim": "pix2pix", "split": "random", **overrides}, found)


def test_the_measured_number_is_below_the_papers_and_above_the_strongest_blind_column() -> None:
    lines = render_table("table1", [cell(metrics(0.8, 0.85, (0.01, 0.09)))]).splitlines()
    assert lines[0].split(" | ")[1] == "pix2pix Facades"
    first = {line.split(" | ")[0].strip("| "): line.split(" | ")[1] for line in lines[2:]}
    assert first == {
        "**L_rec**, paper": "93.39",
        "L_rec, mia_exp, random split": "80.0 [75.0, 85.0]",
        "**L_mem**, paper": "96.62",
        "L_mem, mia_exp, random split": "85.0 [80.0, 90.0]",
        # The furthest from 50, below it.
        "*strongest blind column, random split*": "42.0 [37.0, 47.0] (brightness, separates)",
    }


def test_a_verdict_says_what_a_number_stands_on() -> None:
    lines = render_verdicts("table1", [cell(metrics(0.8, 0.85, (0.01, 0.09)))]).splitlines()
    cells = lines[2].strip("| ").split(" | ")
    assert cells == [
        "L_rec, pix2pix Facades",
        "random",
        "80.0 [75.0, 85.0]",
        "93.39 (Table 1)",
        "below; not comparable: 64 px, 100 members, random split",
        "100 + 90",
        "3",
        "`01234567`",
        "efficientnet_lite0",
    ]


def test_a_cell_that_has_not_finished_is_no_number() -> None:
    assert "mia_exp" not in render_table("table1", [cell(None)])
    assert render_verdicts("table1", [cell(None)]).count("\n") == 1


def test_a_claim_is_tested_by_the_paired_interval() -> None:
    cells = [
        cell(metrics(0.8, 0.85, (0.01, 0.09))),
        cell(metrics(0.8, 0.81, (-0.02, 0.03)), split="official"),
        cell(metrics(0.8, 0.7, (-0.2, -0.01)), dataset="maps2sat"),
        cell(None, dataset="cityscapes"),
        cell(metrics(0.8, 0.9, (0.05, 0.2)), experiment="fig8"),
    ]
    findings = CLAIMS[0].findings(cells)
    assert [finding.held for finding in findings] == [True, None, False]
    assert findings[2].cell == "pix2pix Maps2sat, random split"


def test_a_claim_on_two_cells_is_open_where_their_intervals_overlap() -> None:
    def epochs(dataset: str, *l_mem: float) -> list[Cell]:
        return [
            cell(metrics(0.6, value, (0, 0.1)), experiment="fig9", dataset=dataset, **{"query.epoch": str(epoch)})
            for epoch, value in zip((9, 100, 20), l_mem, strict=True)
        ]

    claim = next(claim for claim in CLAIMS if "Fig. 9" in claim.text)
    # The half widths are 0.05. Epochs are numbers: 9 is the first and 100 the last.
    cells = (
        epochs("facades", 0.7, 0.81, 0.6)
        + epochs("maps2sat", 0.7, 0.79, 0.9)
        + epochs("cityscapes", 0.8, 0.69, 0.8)
    )
    assert [finding.held for finding in claim.findings(cells)] == [True, None, False]


def test_seeds_are_averaged() -> None:
    def job(seed: int, l_mem: float, **about: str) -> Cell:
        found = metrics(0.8, l_mem, (0, 0.1))
        return cell(found, **{"experiment": "seeds_facades", "attack": "ours", "seed": str(seed), **about})

    other = job(0, 0.99, victim="pix2pixhd")
    jobs = [job(0, 0.8), job(1, 0.84), job(2, 0.91), job(0, 0.9, split="official"), other]
    lines = render_seeds(jobs).splitlines()
    rows = {tuple(line.strip("| ").split(" | ")[:2]): line.strip("| ").split(" | ")[2:] for line in lines[2:]}
    # (80 + 84 + 91) / 3 = 85; squares of -5, -1 and 6 add up to 62, over 2 is 31, whose root is 5.57.
    assert rows["L_mem, pix2pix Facades", "random"] == [
        "85.0", "5.6", "80.0 (0), 84.0 (1), 91.0 (2)", "+5.0", "5.6", "96.62"
    ]  # fmt: skip
    assert rows["L_mem, pix2pixHD Facades", "random"][0] == "99.0"
    # One seed has no spread.
    assert rows["L_mem, pix2pix Facades", "official"][:3] == ["90.0", "–", "90.0 (0)"]
    assert rows["L_rec, pix2pix Facades", "random"] == [
        "80.0",
        "0.0",
        "80.0 (0), 80.0 (1), 80.0 (2)",
        "–",
        "–",
        "93.39",
    ]


def test_both_splits_stand_beside_what_each_gives_alone() -> None:
    cells = [cell(metrics(0.8, 0.85, (0, 0.1))), cell(metrics(0.9, 0.95, (0, 0.1)), split="official")]
    line = render_split_alone(cells).splitlines()[-1].strip("| ").split(" | ")
    blind = "42.0 [37.0, 47.0] (brightness, separates)"
    assert line == [
        "pix2pix Facades", blind, blind, "80.0 [75.0, 85.0]", "90.0 [85.0, 95.0]", "85.0 [80.0, 90.0]",
        "95.0 [90.0, 100.0]", "96.62",
    ]  # fmt: skip
    assert render_split_alone([cell(None)]) == ""


def test_cells_are_kept_with_what_sets_them_apart(tmp_path: Path) -> None:
    planned = [["experiment=fig8", "scale=cpu", f"attack.alpha={number}"] for number in range(4)]
    # The second has not finished, the third is what another sweep left, the fourth was never started.
    for number, words in enumerate([planned[0], planned[1], ["attack.alpha=9"]]):
        job = tmp_path / "sweep" / str(number)
        job.mkdir(parents=True)
        (job / "overrides.json").write_text(json.dumps(words))
        if number != 1:
            (job / "metrics.json").write_text(json.dumps(metrics(0.8, 0.9, (0, 0.1))))
    saved = save_cells(tmp_path / "sweep", "fig8", planned, tmp_path / "results")
    assert saved == read_cells(tmp_path / "results", ["fig8", "fig9"])
    assert [cell.name for cell in saved] == [f"attack.alpha={number}" for number in range(4)]
    assert [cell.metrics is None for cell in saved] == [False, True, True, True]


def test_a_curve_is_drawn_the_same_twice(tmp_path: Path) -> None:
    curve = CURVES["fig8"]
    cells = [
        cell(metrics(0.8, 0.8 + alpha / 20, (0, 0.1)), **{curve.setting: str(alpha), "dataset": dataset})
        for alpha in (2, 0, 1)
        for dataset in ("facades", "maps2sat")
    ]
    for folder in ("a", "b"):
        plot_curve("fig8", cells, tmp_path / folder / "fig8")
    for name in ("fig8.png", "fig8.pdf"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    "experiment", sorted({experiment for item in ITEMS.values() for experiment in item.experiments})
)
def test_every_experiment_composes_at_the_papers_size(experiment: str) -> None:
    """At the size of two cores, which is what its file says, tests/config/test_compose.py composes it."""
    for job in read_command([f"experiment={experiment}", "scale=paper"]).jobs:
        config = job.config
        # CelebA's aligned faces are smaller than 256 pixels.
        assert (config.scale, config.victim.image_size) == ("paper", 160 if experiment == "fig12" else 256)
        if isinstance(config.victim, Pix2PixHD):
            assert (config.victim.perceptual, config.victim.one_hot_labels) == ("vgg19", True)


def test_the_papers_size_is_bounded_where_a_dataset_is_not() -> None:
    [faces], [photos] = (read_command([f"experiment={name}", "scale=paper"]).jobs for name in ("fig12", "fig14"))
    split, dataset = faces.config.split, faces.config.dataset
    assert (split.n_members, dataset.max_pairs, dataset.skip_small) == (2000, 4200, False)
    assert dataset.max_pairs == 2 * split.n_members + 2 * split.n_shadow, "what a random split takes"
    split, dataset = photos.config.split, photos.config.dataset
    assert (split.n_members, split.n_shadow, dataset.max_pairs, dataset.skip_small) == (None, 0, 5000, True)
    for name in ("table1", "fig4"):
        jobs = read_command([f"experiment={name}", "scale=paper"]).jobs
        assert {job.config.dataset.max_pairs for job in jobs} == {None}


@pytest.mark.parametrize("experiment", ["table2_bdd", "table3_bdd"])
def test_a_shadow_model_on_bdd100k_has_the_papers_number_of_pairs(experiment: str) -> None:
    def numbers(*words: str) -> set[int]:
        return {job.config.shadow.n_pairs for job in read_command([f"experiment={experiment}", *words]).jobs}

    assert numbers("scale=paper") == {4000}
    assert numbers("scale=cpu") == {64, 100}
    assert numbers("scale=paper", "shadow.n_pairs=500") == {500}
    elsewhere = read_command(["experiment=table3", "scale=paper"]).jobs
    assert {job.config.shadow.n_pairs for job in elsewhere} == {100}


def test_the_page_is_that_of_the_results(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text((ROOT / "docs/results.md").read_text())
    write_page(ROOT / "results", page)
    assert page.read_text() == (ROOT / "docs/results.md").read_text()
