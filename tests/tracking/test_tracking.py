"""The mirrored numbers are those of the run."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import wandb

from tests.cli import mia_exp, tiny


def test_csv_holds_the_losses_and_the_results(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset)
    assert mia_exp(*words, cwd=tmp_path).status == 0
    assert mia_exp(*words, "name=again", cwd=tmp_path).status == 0  # the victim comes from the cache
    tables = {}
    for name in ("folder", "again"):
        (run,) = (tmp_path / "outputs" / "runs" / name).iterdir()
        with (run / "csv" / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        losses = [(row["epoch"], float(row["l1"])) for row in rows if row.get("l1")]
        assert [epoch for epoch, _ in losses] == ["0", "1"]
        with (run / "csv" / "results.csv").open(newline="") as file:
            results = {row["name"]: row["value"] for row in csv.DictReader(file)}
        metrics = json.loads((run / "metrics.json").read_text())
        assert float(results["attacks/l_mem/auc"]) == pytest.approx(metrics["attacks"]["l_mem"]["auc"])
        low, high = metrics["deltas"]["l_mem - l_rec"]["ci95"]
        assert float(results["deltas/l_mem - l_rec/ci95/low"]) == pytest.approx(low)
        assert float(results["deltas/l_mem - l_rec/ci95/high"]) == pytest.approx(high)
        tables[name] = [value for _, value in losses]
    assert tables["folder"] == pytest.approx(tables["again"], rel=1e-6)


def test_wandb_runs_offline_one_run_a_job(
    folder_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_SILENT", "true")
    words = [*tiny(folder_dataset), "logger=wandb", "victim.learning_rate=1e37,2e-4"]
    outcome = mia_exp("-m", *words, cwd=tmp_path)
    assert outcome.status == 1  # the first job diverges
    assert wandb.run is None, "a run was left open"
    assert len(list(tmp_path.glob("outputs/runs/*/*/*/wandb/offline-run-*"))) == 2


def test_wandb_is_not_imported_without_need(folder_dataset: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['wandb'] = None; sys.argv = ['mia-exp', *sys.argv[1:]];"
        "from mia_exp.__main__ import main; main()"
    )
    words = tiny(folder_dataset)
    result = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
