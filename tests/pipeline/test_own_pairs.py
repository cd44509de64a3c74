"""An attacker's own pairs are not members: shared ids and shared pixels are errors or counted."""

import json
import re
import shutil
from pathlib import Path

import pytest

from mia_exp.data import Pool
from mia_exp.data.readers.folder import FolderDataset, FolderPairs
from mia_exp.data.splits.random_split import RandomSplit
from tests.cli import Outcome, mia_exp, tiny
from tests.conftest import draw_pair

ATTACKS = {"multi_image": 5, "shadow": 10}


def words(dataset: Path, attack: str, *more: str) -> list[str]:
    return tiny(dataset, f"attack={attack}", "shadow.n_pairs=5", "attack.classifier.max_epochs=1", *more)


def run(cwd: Path, dataset: Path, attack: str, *more: str) -> Outcome:
    chosen = words(dataset, attack, *more)
    if attack != "shadow":
        chosen = [word for word in chosen if not word.startswith("attack.classifier")]
    return mia_exp(*chosen, cwd=cwd)


def refused(outcome: Outcome, cwd: Path, count: int, of: int) -> None:
    assert outcome.status == 1, outcome.err
    assert re.search(rf"error: shadow\.dataset=folder: {count} of the {of} pairs for ", outcome.err), outcome.err
    assert "Traceback" not in outcome.err
    assert not list(cwd.glob("outputs/artifacts/victim/*")), "refused before anything is trained"


def elsewhere(folder: Path) -> list[str]:
    return ["dataset@shadow.dataset=folder", f"shadow.dataset.root={folder}"]


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_the_victims_own_dataset(folder_dataset: Path, tmp_path: Path, attack: str) -> None:
    # All 24 pairs are members or evaluated.
    refused(
        run(tmp_path, folder_dataset, attack, *elsewhere(folder_dataset)),
        tmp_path,
        ATTACKS[attack],
        ATTACKS[attack],
    )


def test_the_same_pixels_under_other_names(folder_dataset: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    for side in (0, 1):
        folder = others / ("inputs", "targets")[side]
        folder.mkdir(parents=True)
        for number in range(7):
            draw_pair(900 + number)[side].save(folder / f"new{number}.png")
        for number in range(3):
            # The same pixels in another format: the files' bytes differ.
            draw_pair(number)[side].save(folder / f"old{number}.bmp")
    # All ten of them are used.
    refused(run(tmp_path, folder_dataset, "shadow", *elsewhere(others)), tmp_path, 3, 10)


def test_a_duplicate_in_the_dataset_is_warned_of(folder_dataset: Path, tmp_path: Path) -> None:
    sizes = ["split.n_members=5", "split.n_shadow=5"]
    dataset = shutil.copytree(folder_dataset, tmp_path / "dataset")
    records = FolderPairs(FolderDataset(root=str(dataset))).records()
    split = RandomSplit(0, 5, 5).draw(Pool(records))
    member, shadow = split.members[0], split.shadow_train[0]
    for side in ("inputs", "targets"):
        shutil.copy(dataset / side / f"{member}.png", dataset / side / f"{shadow}.png")
    outcome = run(tmp_path, dataset, "multi_image", *sizes)
    assert outcome.status == 0, outcome.err
    (path,) = tmp_path.glob("outputs/runs/*/*/metrics.json")
    said = f"1 of the attacker's own pairs are equal to pairs that .* \\(such as {shadow} and {member}\\)"
    assert re.search(said, " ".join(json.loads(path.read_text())["warnings"]))


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_pairs_of_another_dataset_with_the_same_names(folder_dataset: Path, tmp_path: Path, attack: str) -> None:
    others = tmp_path / "others"
    for side in (0, 1):
        folder = others / ("inputs", "targets")[side]
        folder.mkdir(parents=True)
        for number in range(24):
            draw_pair(900 + number)[side].save(folder / f"{number:02d}.png")
    outcome = run(tmp_path, folder_dataset, attack, *elsewhere(others))
    assert outcome.status == 0, outcome.err
