"""What a run says of its loss-map classifier's training, also if that is not repeated."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli import mia_exp, tiny
from tests.pipeline.conftest import SMALL


def test_details_are_those_of_the_record_also_from_the_cache(folder_dataset: Path, tmp_path: Path) -> None:
    classifier = ["attack.classifier.max_epochs=4", "attack.classifier.patience=1", "attack.classifier.patches=2"]
    words = tiny(folder_dataset, *SMALL, "attack=shadow", *classifier)
    details = []
    for name in ("first", "second"):
        outcome = mia_exp(*words, f"hydra.run.dir={name}", cwd=tmp_path)
        assert outcome.status == 0, outcome.err
        assert ("made classifier" in outcome.err) == (name == "first")
        details.append(json.loads((tmp_path / name / "metrics.json").read_text())["attack_details"])
    assert details[0] == details[1]
    (path,) = tmp_path.glob("outputs/artifacts/classifier/*/losses.csv")
    rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(path.open())]
    kept = sorted(rows, key=lambda row: row["classifier_validation_loss"])[0]
    found = {name.removeprefix("classifier "): value for name, value in details[0].items()}
    assert found["epochs"] == len(rows) <= 4 and found["kept epoch"] == kept["epoch"]
    # Six maps with two patches each are one step.
    assert found["steps"] == len(rows) and found["kept steps"] == kept["epoch"]
    # A fifth of four maps of each class, rounded to one.
    assert found["training maps"] == 6 and found["validation maps"] == 2
    assert found["validation accuracy"] == pytest.approx(kept["classifier_validation_accuracy"])
    assert f"classifier epochs: {len(rows)}" in (tmp_path / "first" / "report.html").read_text()
