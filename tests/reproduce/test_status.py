"""What `mia-reproduce status` says, against cells made by hand and jobs that were composed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mia_exp.config.command_line import read_command
from mia_exp.reproduce.catalogue import ITEMS
from mia_exp.reproduce.status import print_status


def job(seconds: dict[str, float], **overrides: str) -> dict[str, Any]:
    """A finished cell, whose stages' keys are their names here."""
    provenance = {"keys": {name: name for name in seconds}, "seconds": seconds}
    named = {key.replace("__", "."): value for key, value in overrides.items()}
    return {"overrides": named, "metrics": {"provenance": provenance}}


def unfinished(**overrides: str) -> dict[str, Any]:
    return {"overrides": overrides, "metrics": None}


def save(folder: Path, experiment: str, *jobs: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{experiment}.json").write_text(json.dumps({"jobs": jobs}))


def rows(results: Path, capsys: pytest.CaptureFixture[str], scale: str = "cpu") -> tuple[str, list[list[str]]]:
    """The title, and the text of each row's columns; the row of an item's experiment begins with two spaces."""
    print_status(scale, results)
    lines = capsys.readouterr().out.splitlines()
    cells = [line.strip("│")[1:].split("│") for line in lines if line.startswith("│")]
    return lines[0].strip(), [[row[0].rstrip(), *(cell.strip() for cell in row[1:])] for row in cells]


def row(found: list[list[str]], name: str) -> list[str]:
    [only] = [row for row in found if row[0] == name]
    return only[1:]


def test_an_item_is_done_when_all_its_cells_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "cpu"
    title, found = rows(tmp_path, capsys)
    assert title == "scale=cpu: 0 of 23 items done"
    assert row(found, "fig1") == ["0 of 2", "", ""]
    save(folder, "fig1", job({"a": 60.0}, dataset="maps2sat"), unfinished(dataset="cityscapes"))
    title, found = rows(tmp_path, capsys)
    assert title == "scale=cpu: 0 of 23 items done"
    assert row(found, "fig1") == ["1 of 2", "1 min", ""]
    save(folder, "fig1", job({"a": 60.0}, dataset="maps2sat"), job({"b": 120.0}, dataset="cityscapes"))
    (folder / "fig2.png").touch()
    title, found = rows(tmp_path, capsys)
    assert title == "scale=cpu: 2 of 23 items done"
    assert row(found, "fig1") == ["2 of 2", "3 min", ""]
    assert rows(tmp_path, capsys, "paper")[0] == "scale=paper: 0 of 23 items done"


def test_experiments_stand_under_their_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIA_EXP_DATA", raising=False)
    _, found = rows(tmp_path, capsys)
    names = [row[0] for row in found]
    start = names.index("table3")
    assert names[start : start + 5] == ["table3", "  table1", "  table3", "  table3_bdd", "table4"]
    # 3 datasets x 2 victims x 2 splits; 2 x 2 x 2; 1 x 2 x 2.
    assert [row[1] for row in found[start : start + 4]] == ["0 of 24", "0 of 12", "0 of 8", "0 of 4"]
    assert row(found, "  table3_bdd")[-1] == "$MIA_EXP_DATA/bdd100k"
    (tmp_path / "bdd100k").mkdir()
    monkeypatch.setenv("MIA_EXP_DATA", str(tmp_path))
    assert row(rows(tmp_path, capsys)[1], "  table3_bdd")[-1] == ""


def test_cells_of_another_sweep_are_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = {"dataset": "facades", "victim": "pix2pix", "attack": "ours"}
    # As `mia-reproduce fig8 dataset=facades attack.alpha=1,7 victim.seed=3` records them; 7 is no alpha of fig8.
    cells = [job({"victim": 60.0}, **same, attack__alpha=alpha, victim__seed="3") for alpha in ("1", "7")]
    save(tmp_path / "cpu", "fig8", *cells)
    assert row(rows(tmp_path, capsys)[1], "fig8")[0] == "1 of 30"


def test_a_stage_that_cells_share_took_its_time_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = {"dataset": "maps2sat", "victim": "pix2pix", "attack": "ours"}
    cells = [job({"victim": 600.0, epoch: 60.0}, **same, query__epoch=epoch) for epoch in ("5", "6", "7", "8")]
    save(tmp_path / "cpu", "fig9_maps2sat", *cells)
    _, found = rows(tmp_path, capsys)
    # Whatever the epochs are: they follow from the victim's settings.
    assert row(found, "  fig9_maps2sat") == ["4 of 4", "14 min", ""]
    assert row(found, "fig9")[:2] == ["4 of 8", "14 min"]
    assert row(found, "all")[1] == "14 min"


SMALL = ["fig1", "fig9", "fig12", "fig14", "fig17", "table2_bdd", "table4_flips"]


@pytest.mark.parametrize("experiment", SMALL)
def test_there_are_as_many_cells_as_jobs(
    experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    composed = read_command([f"experiment={experiment}", "scale=cpu"]).jobs
    cells = [dict(word.split("=", 1) for word in job.overrides if "=" in word) for job in composed]
    save(tmp_path / "cpu", experiment, *({**job({"a": 1.0}), "overrides": words} for words in cells))
    _, found = rows(tmp_path, capsys)
    alone = any(item.experiments == (experiment,) for item in ITEMS.values())
    assert row(found, experiment if alone else f"  {experiment}")[0] == f"{len(cells)} of {len(cells)}"


def test_it_answers_before_torch_has_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['mia-reproduce', 'status'];"
        "from mia_exp.reproduce.__main__ import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "0 of 23 items done" in result.stdout
