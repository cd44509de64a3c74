"""One run from its plan to its table, and what the command line says of itself."""

import io
import json
from pathlib import Path

from rich.console import Console

from mia_exp.report.table import print_table
from tests.cli import mia_exp, tiny


def test_the_plan_says_what_is_cached_and_leaves_nothing(folder_dataset: Path, tmp_path: Path) -> None:
    words = tiny(folder_dataset)
    first = mia_exp(*words, "dry_run=true", cwd=tmp_path)
    assert first.status == 0, first.err
    assert first.out.count("to be made") == 10 and "cached (" not in first.out
    assert not list(tmp_path.rglob("*.json")) and not list(tmp_path.glob("outputs/runs/*/*"))
    assert mia_exp(*words, cwd=tmp_path).status == 0
    again = mia_exp(*words, "query.mode=stochastic", "dry_run=true", cwd=tmp_path)
    assert again.out.count("cached (") == 8 and again.out.count("to be made") == 2


def test_a_plan_downloads_nothing(tmp_path: Path) -> None:
    url = "dataset.archive_url=http://localhost:9/facades.tar.gz"
    outcome = mia_exp("dataset=facades", url, "dry_run=true", cwd=tmp_path)
    assert outcome.status == 1
    assert "a run would download http://localhost:9/facades.tar.gz to data/facades" in outcome.err
    assert not (tmp_path / "data").exists()


def test_help_can_be_read(tmp_path: Path) -> None:
    outcome = mia_exp("--help", cwd=tmp_path)
    assert outcome.status == 0
    groups = ("dataset       bdd100k, celeba, cityscapes", "experiment    all_attacks, demo")
    for word in ("Usage", "Options", "dry_run=true", *groups):
        assert word in outcome.out


def test_the_table_of_a_run_can_be_printed_again(folder_dataset: Path, tmp_path: Path) -> None:
    outcome = mia_exp(*tiny(folder_dataset), cwd=tmp_path)
    (metrics,) = tmp_path.glob("outputs/runs/*/*/metrics.json")
    text = io.StringIO()
    print_table(json.loads(metrics.read_text()), Console(file=text, width=80))
    assert "L_mem" in text.getvalue()
    assert text.getvalue().split() == outcome.out.split()[: len(text.getvalue().split())]
