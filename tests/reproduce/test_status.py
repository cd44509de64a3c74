"""What `mia-reproduce status` says, against cells made by hand and jobs that were composed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mia_exp.config.command_line import read_command
from mia_exp.reproduce.catalogue import ITEMS, items_at
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
    (folder / f"{experiment}.json").write_text(json.dumps({"shared": {}, "jobs": jobs}))


def rows(results: Path, capsys: pytest.CaptureFixture[str], scale: str = "cpu") -> tuple[str, list[list[str]]]:
    """The title, and the text of each row's columns; the row of an item's experiment begins with two spaces."""
    print_status(scale, results)
    lines = capsys.readouterr().out.splitlines()
    cells = [line.strip("│")[1:].split("│") for line in lines if line.startswith("│")]
    return lines[0].strip(), [[row[0].rstrip(), *(cell.strip() for cell in row[1:])] for row in cells]


def row(found: list[list[str]], name: str) -> list[str]:
    [only] = [row for row in found if row[0] == name]
    return only[1:]


N_ITEMS = len(items_at("cpu"))


def test_an_item_is_done_when_all_its_cells_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, same = tmp_path / "cpu", {"victim": "pix2pixhd", "split": "random", "attack": "ours"}
    title, found = rows(tmp_path, capsys)
    assert title == f"scale=cpu: 0 of {N_ITEMS} items done"
    # Two kinds of split, three seeds.
    assert row(found, "fig12") == ["0 of 6", "", ""]
    jobs = [
        job({f"{split}{seed}": 60.0}, **{**same, "dataset": "celeba", "split": split, "seed": str(seed)})
        for split in ("random", "matched")
        for seed in range(3)
    ]
    save(folder, "fig12", *jobs[:5], unfinished(**{**same, "dataset": "celeba", "split": "matched", "seed": "2"}))
    title, found = rows(tmp_path, capsys)
    assert title == f"scale=cpu: 0 of {N_ITEMS} items done"
    assert row(found, "fig12") == ["5 of 6", "5 min", ""]
    save(folder, "fig12", *jobs)
    (folder / "fig2.png").touch()
    title, found = rows(tmp_path, capsys)
    assert title == f"scale=cpu: 2 of {N_ITEMS} items done"
    assert row(found, "fig12") == ["6 of 6", "6 min", ""]
    # Lengths are tuned for two cores.
    assert rows(tmp_path, capsys, "paper")[0] == f"scale=paper: 0 of {N_ITEMS - 1} items done"
    # At half the paper's size there is one item.
    title, found = rows(tmp_path, capsys, "half")
    assert title == "scale=half: 0 of 1 items done"
    assert [line[0] for line in found] == ["sizes", "  sizes", "  sizes_augmented", "all"]


def test_experiments_stand_under_their_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIA_EXP_DATA", raising=False)
    _, found = rows(tmp_path, capsys)
    names = [row[0] for row in found]
    start = names.index("table3")
    assert names[start + 1 : start + 6] == [
        "  table1", "  table1_cityscapes", "  table3", "  table3_cityscapes", "  table3_bdd"
    ]  # fmt: skip
    # Datasets x victims x splits x seeds: 2 x 2 x 3 x 5, 1 x 2 x 3 x 3, 1 x 2 x 1 x 5, 1 x 2 x 1 x 3, 18.
    counts = [60, 18, 10, 6, 18]
    assert [row[1] for row in found[start : start + 6]] == [f"0 of {n}" for n in (sum(counts), *counts)]
    assert row(found, "  table3_bdd")[-1] == "$MIA_EXP_DATA/bdd100k"
    (tmp_path / "bdd100k").mkdir()
    monkeypatch.setenv("MIA_EXP_DATA", str(tmp_path))
    assert row(rows(tmp_path, capsys)[1], "  table3_bdd")[-1] == ""


def test_cells_of_another_sweep_are_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = {"dataset": "celeba", "victim": "pix2pixhd", "split": "random", "attack": "ours"}
    # As `mia-reproduce fig12 seed=1,7 victim.epochs=3` records them; 7 is no seed of fig12.
    cells = [job({"victim": 60.0}, **same, seed=seed, victim__epochs="3") for seed in ("1", "7")]
    save(tmp_path / "cpu", "fig12", *cells)
    assert row(rows(tmp_path, capsys)[1], "fig12")[0] == "1 of 6"


def test_a_stage_that_cells_share_took_its_time_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = {"dataset": "cityscapes", "victim": "pix2pix", "split": "random", "attack": "ours", "seed": "0"}
    # Of each victim: written as it is resolved in its own job.
    epochs = [rf"$\{{victim.checkpoint_epochs.{number}\}}" for number in range(4)]
    cells = [job({"victim": 600.0, epoch: 60.0}, **same, query__epoch=epoch) for epoch in epochs]
    save(tmp_path / "cpu", "fig9_cityscapes", *cells)
    _, found = rows(tmp_path, capsys)
    # Two victims, three splits, four checkpoints, three seeds.
    assert row(found, "  fig9_cityscapes") == ["4 of 72", "14 min", ""]
    assert row(found, "all")[1] == "14 min"


SMALL = ["fig1", "fig9_cityscapes", "fig12", "fig14", "fig17_pix2pix", "table2_bdd", "table4_flips_cityscapes"]


@pytest.mark.parametrize("experiment", SMALL)
def test_there_are_as_many_cells_as_jobs(
    experiment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    composed = read_command([f"experiment={experiment}", "scale=cpu"]).jobs
    cells = [dict(word.split("=", 1) for word in job.overrides if "=" in word) for job in composed]
    save(tmp_path / "cpu", experiment, *({**job({"a": 1.0}), "overrides": words} for words in cells))
    _, found = rows(tmp_path, capsys)
    alone = any(item.experiments == (experiment,) for item in ITEMS.values())
    counted = {line[1] for line in found if line[0] == (experiment if alone else f"  {experiment}")}
    assert counted == {f"{len(cells)} of {len(cells)}"}


def test_it_answers_before_torch_has_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['mia-reproduce', 'status'];"
        "from mia_exp.reproduce.__main__ import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert f"0 of {N_ITEMS} items done" in result.stdout
