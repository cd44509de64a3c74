"""The page and the numbers beside it are those of the results, and the results those of the code."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import roc_auc_score

from mia_exp.config.command_line import read_command
from mia_exp.reproduce.catalogue import ITEMS, items_at
from mia_exp.reproduce.curve_figures import plot_curves
from mia_exp.reproduce.curves import CURVES
from mia_exp.reproduce.lengths import mean_auc, nearest
from mia_exp.reproduce.results_page import BEGIN, END, write_page
from mia_exp.reproduce.scale_results import Case, Results
from mia_exp.reproduce.stale import print_stale, stale, unplanned
from mia_exp.victims.victim import TrainedVictim
from tests.reproduce.made_results import metrics, save, save_cases, scores

ROOT = Path(__file__).parents[2]
CASES = [("pix2pix", "facades", split) for split in ("random", "matched", "official")]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "results.md"
    path.write_text(f"# Results\n{BEGIN}{END}The end.\n")
    return path


def tables(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its header."""
    lines = text.partition(heading)[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| ---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_claims_come_first_and_all_items_have_one(tmp_path: Path, page: Path) -> None:
    save_cases(tmp_path / "results/cpu", "table1", CASES, gaps={"l_mem": 2.0, "l_mem_slope": 1.0})
    write_page(tmp_path / "results", page)
    text = page.read_text()
    assert text.startswith(f"# Results\n{BEGIN}\n## scale=cpu") and text.endswith(f"{END}The end.\n")
    rows = tables(text, "### Claims of the paper")
    items = [f"Table {number}" for number in range(1, 5)] + [f"Fig. {number}" for number in range(1, 18)]
    assert list(dict.fromkeys(row[0] for row in rows)) == items
    first = rows[0]
    assert first[3] == "pix2pix; Facades (3 seeds, 40 pairs); 64 px; random, matched, official"
    assert first[5].startswith("**open** (3 of 3 held; not run: ") and first[4].startswith("random: +")
    # Each row has a verdict or says why there is none.
    assert all(row[5] for row in rows)
    assert {row[5] for row in rows if row[0] == "Fig. 14"} == {
        "not tested: ImageNet is not at hand; the command runs where it is"
    }


def test_a_table_has_the_published_number_above_ours(tmp_path: Path, page: Path) -> None:
    save_cases(tmp_path / "results/cpu", "table1", CASES, gaps={"l_mem": 2.0, "l_mem_slope": 1.0})
    write_page(tmp_path / "results", page)
    rows = {row[0]: row[1:] for row in tables(page.read_text(), "### Table 1")}
    assert rows["**L_rec**, paper"] == ["93.39", "84.19", "77.44", "98.91", "95.73", "96.04"]
    found = [roc_auc_score(table["member"], -table["l_rec"]) for table in (scores(40, seed) for seed in range(3))]
    assert rows["L_rec, official split"][0].startswith(f"{100 * sum(found) / 3:.1f} [")
    assert rows["L_rec, official split"][1:] == ["–"] * 5
    with (tmp_path / "results/cpu/tables.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if (line["row"], line["split"]) == ("L_rec", "official")]
    assert [float(line["mean"]) for line in lines] == [pytest.approx(sum(found) / 3, abs=1e-5)]
    assert lines[0]["published"] == "93.39" and lines[0]["verdict"] == "not comparable"
    assert lines[0]["differs"].startswith("pairs: 100 (400); pixels: 64 (256)")


def test_refuted_cells_are_listed(tmp_path: Path, page: Path) -> None:
    save_cases(tmp_path / "results/cpu", "table1", CASES[:1], gaps={"l_mem": 0.1, "l_mem_slope": 2.0})
    write_page(tmp_path / "results", page)
    assert (
        "- **Table 1**, L_mem is better than L_rec. Refuted in pix2pix Facades, random split: -" in page.read_text()
    )


def test_nothing_run_is_said(tmp_path: Path, page: Path) -> None:
    write_page(tmp_path / "results", page)
    assert page.read_text().count("Nothing has been run at this scale yet.") == 3


def test_seeds_that_differ_in_more_than_the_seed_are_no_cell(tmp_path: Path) -> None:
    jobs = [({"victim.ngf": ngf}, metrics(*CASES[0], seed=0), scores(40, 0)) for ngf in ("8", "16")]
    save(tmp_path, "table1", jobs)
    with pytest.raises(ValueError, match="two runs of one seed"):
        Results(tmp_path).tables("table1", Case(*CASES[0]))


def test_a_job_that_two_experiments_have_counts_once(tmp_path: Path) -> None:
    # As after `mia-reproduce table1 dataset=facades`, which the variant for Cityscapes heeds too.
    save_cases(tmp_path, "table1", CASES[:1], (0, 1, 2))
    save_cases(tmp_path, "table1_cityscapes", CASES[:1], (0, 1))
    assert list(Results(tmp_path).tables("table1", Case(*CASES[0]))) == [0, 1, 2]


def test_results_of_an_older_stage_are_stale(tmp_path: Path) -> None:
    def save_versions(**versions: int) -> None:
        about = metrics()
        about["provenance"]["stage_versions"] = versions
        save(tmp_path, "table1", [({"attack": "ours", "victim": "pix2pix"}, about, scores())])

    save_versions(victim=4, queries=3)
    assert stale(tmp_path) == {}
    save_versions(victim=3, queries=3)
    assert stale(tmp_path) == {"table1": ["victim"]}
    # A stage that there is no longer.
    save_versions(victim=4, answers=1)
    assert stale(tmp_path) == {"table1": ["answers"]}
    assert unplanned(tmp_path) == {}


def test_what_cannot_be_checked_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIA_EXP_DATA", raising=False)
    about = metrics()
    about["provenance"]["stage_versions"] = {"victim": 1}
    save(tmp_path, "table2", [({"attack": "supervised", "victim": "pix2pix"}, about, scores())])
    assert not print_stale(tmp_path)
    assert "not checked  table2: " in capsys.readouterr().out


# Each experiment's columns and swept settings.
SWEPT: dict[str, dict[str, list[Any]]] = {
    "fig4": {"shadow.n_pairs": [6, 100]},
    "fig9": {"query.epoch": [5, 20]},
    "fig10": {"defense.sigma": [0.02, 0.4]},
    "fig11": {"shadow.n_pairs": [12, 100]},
    "fig15": {"difficulty.fitted_share": [0.2, 0.9]},
    "fig16": {"difficulty.resize": ["area", "nearest"]},
}


@pytest.mark.parametrize("values", [1, 2])
def test_an_interrupted_experiment_has_a_page(values: int, tmp_path: Path, page: Path) -> None:
    """One seed, and another one for the other case: nothing that has to be there for the rest is."""
    folder = tmp_path / "results/cpu"
    gaps = dict.fromkeys(("l_mem", "l_mem_slope", "l_mem_multi", "l_mem_multi_slope", "shadow_score", "l_vsd"), 1.0)
    gaps |= dict.fromkeys(("l_mem_vsd", "l_mem_vsd_slope", "l_mem_aug", "l_mem_aug_slope"), 1.0)
    for experiment in {name for item in items_at("cpu") for name in item.experiments}:
        setting, swept = next(iter(SWEPT.get(experiment, {"": [None]}).items()))
        runs = []
        for seed, dataset in enumerate(("maps2sat", "cityscapes")):
            for value in swept[:values]:
                about = metrics("pix2pixhd", dataset, "random", seed, defense={"kind": "gauss", "sigma": 0})
                about["damage"] = {"outputs": {"ssim": 0.95, "perceptual": 0.1}}
                if setting:
                    group, _, name = setting.partition(".")
                    about[group][name] = value
                runs.append(({"dataset": dataset, setting or "x": str(value)}, about, scores(20, seed, **gaps)))
        if not experiment.endswith(("_cityscapes", "_pix2pix")) and not experiment.startswith("length_"):
            save(folder, experiment, runs)
    write_page(tmp_path / "results", page)
    assert "### Claims of the paper" in page.read_text()
    for name in CURVES:
        plot_curves(name, Results(folder), folder)


def test_each_victim_is_trained_as_long_as_the_tuning_says() -> None:
    """The chosen checkpoint is the number of epochs of the reported victims."""
    results = Results(ROOT / "results/cpu")
    for experiment in ITEMS["lengths"].experiments:
        if runs := results.runs(experiment):
            dataset, victim = experiment.removeprefix("length_").split("_")
            words = [
                "experiment=table1",
                "scale=cpu",
                f"dataset={dataset}",
                f"victim={victim}",
                "split=random",
                "seed=0",
            ]
            config = read_command(words).jobs[0].config.victim
            assert isinstance(config, TrainedVictim)
            assert config.epochs == nearest(mean_auc(runs)), experiment


def test_the_page_is_that_of_the_results(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text((ROOT / "docs/results.md").read_text())
    (tmp_path / "results").symlink_to(ROOT / "results")
    before = {path: path.read_bytes() for path in (ROOT / "results").rglob("*.csv")}
    write_page(tmp_path / "results", page)
    assert page.read_text() == (ROOT / "docs/results.md").read_text()
    assert before == {path: path.read_bytes() for path in (ROOT / "results").rglob("*.csv")}


@pytest.mark.parametrize("scale", ["cpu", "half", "paper"])
def test_no_committed_result_is_stale(scale: str) -> None:
    assert stale(ROOT / "results" / scale) == {}


def test_committed_scores_give_the_committed_numbers() -> None:
    """Each run's AUC, computed again from the scores of its images."""
    for path in sorted((ROOT / "results/cpu").glob("*.json")):
        content = json.loads(path.read_text())
        for run in Results(path.parent).runs(path.stem):
            assert len(content["jobs"]) > run.number
            for name, result in run.about["attacks"].items():
                sign = 1 if run.columns[name].higher_is_member else -1
                found = roc_auc_score(run.scores["member"], sign * run.scores[name])
                assert found == pytest.approx(result["auc"], abs=1e-4), (run.experiment, run.name, name)
