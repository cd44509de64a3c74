"""The warnings before the results, from a complete run: an untrained victim, and frames on both sides."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance

from tests.cli import mia_exp, tiny
from tests.conftest import draw_pair


def test_an_untrained_victim_and_neighbouring_frames_are_warned_of_first(tmp_path: Path) -> None:
    for side in (0, 1):
        folder = tmp_path / ("inputs", "targets")[side]
        folder.mkdir()
        for scene in range(20):
            for frame in range(3):
                # The light changes a little from frame to frame.
                image = ImageEnhance.Brightness(draw_pair(scene)[side]).enhance(1 - frame / 50)
                if side == 0:
                    # Class numbers, 0 for a line and 1 for paper.
                    image = Image.fromarray((np.asarray(image.convert("L")) > 99).astype(np.uint8))
                image.save(folder / f"scene{scene:02d}-{frame}.png")
    outcome = mia_exp(*tiny(tmp_path, "victim.epochs=1"), cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    (folder,) = tmp_path.glob("outputs/runs/*/*")
    metrics = json.loads((folder / "metrics.json").read_text())
    near = pd.read_csv(folder / "near_duplicates.csv")
    assert metrics["near_duplicates"]["count"] == len(near)
    # With 30 members of 60, nine in ten of the others have a frame of their scene among them.
    same_scene = near["nonmember"].str[:7] == near["member"].str[:7]
    assert len(near) > 15 and same_scene.mean() > 0.9
    assert (near["distance"] < 0.5).all() and near["distance"].is_monotonic_increasing
    unfitted, frames, *_, black = metrics["warnings"]
    assert unfitted.startswith("The victim has not fitted its members")
    assert frames.startswith(f"{len(near)} non-members ")
    assert "small numbers, the largest 1." in black and "dataset.index_classes=2" in black
    assert outcome.err.index(black) < outcome.err.index("made victim"), "said before anything is trained"
    # On the terminal they are printed before the answer.
    said = " ".join(outcome.out.split())
    assert (
        said.index("has not fitted its members")
        < said.index("are near-duplicates of")
        < said.index("By AUC, no attack")
    )
