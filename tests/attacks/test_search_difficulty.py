from pathlib import Path

import pytest
from PIL import Image

from mia_exp.attacks.attacker import VisualSearchSettings
from mia_exp.attacks.search_times import fingerprint_photos, list_scored_photos, scored_photo_paths
from mia_exp.core.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number in range(12):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "photos" / f"p{number}.jpg")
    (tmp_path / "scores.csv").write_text("\n".join(f"p{number},{3 + number / 10}" for number in range(12)))
    return tmp_path


def listed(folder: Path, allow_missing: bool = False):
    return list_scored_photos(folder / "scores.csv", folder / "photos", allow_missing)


def test_scores_meet_their_photos(folder):
    photos = listed(folder)
    assert [photo.name for photo in photos] == sorted(f"p{number}" for number in range(12))
    by_name = {photo.name: photo for photo in photos}
    assert by_name["p7"].score == pytest.approx(3.7) and by_name["p7"].path == folder / "photos" / "p7.jpg"


def test_missing_photos_are_counted_and_may_be_allowed(folder):
    for number in (3, 11):
        (folder / "photos" / f"p{number}.jpg").unlink()
    with pytest.raises(DataError, match=r"2 of the 12 photos.*p11, p3.*visual_search\.allow_missing=true.*the 10"):
        listed(folder)
    assert len(listed(folder, allow_missing=True)) == 10
    (folder / "photos" / "p0.jpg").unlink()
    with pytest.raises(DataError, match=r"expected 10 or more photos with a score.*found 9"):
        listed(folder, allow_missing=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p1,fast", r"line 2: expected a number for the score of p1, found 'fast'"),
        ("p1,nan", r"line 2: expected a number"),
        ("p1", r"line 2: expected a photo's name and its score"),
        ("p0,3", r"line 2: p0 already has a score, 3\.5"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(folder, line, message):
    (folder / "scores.csv").write_text(f"p0,3.5\n{line}\n")
    with pytest.raises(DataError, match=message):
        listed(folder)


def test_no_csv_and_no_folder(folder):
    with pytest.raises(DataError, match=r"found no such file\. Set visual_search\.scores"):
        list_scored_photos(folder / "none.csv", folder / "photos", False)
    with pytest.raises(DataError, match="expected a folder of images"):
        list_scored_photos(folder / "scores.csv", folder / "none", False)


def test_where_they_are(monkeypatch, tmp_path):
    with pytest.raises(DataError, match=r"visual_search\.scores.*visual_search\.photos.*MIA_EXP_DATA"):
        scored_photo_paths(VisualSearchSettings(scores="a.csv"))
    assert scored_photo_paths(VisualSearchSettings("a.csv", "b")) == (Path("a.csv"), Path("b"))
    monkeypatch.setenv("MIA_EXP_DATA", str(tmp_path))
    found = scored_photo_paths(VisualSearchSettings())
    assert found == (tmp_path / "vsd" / "VSD_dataset.csv", tmp_path / "vsd" / "JPEGImages")


def test_the_fingerprint_follows_photos_and_scores(folder):
    before = fingerprint_photos(listed(folder))
    assert fingerprint_photos(listed(folder)[::-1]) != before  # the order is the list's, which is sorted
    Image.new("RGB", (8, 8), (99, 0, 0)).save(folder / "photos" / "p5.jpg")
    changed = fingerprint_photos(listed(folder))
    assert changed != before
    text = (folder / "scores.csv").read_text()
    (folder / "scores.csv").write_text(text.replace("3.2", "3.25"))
    assert fingerprint_photos(listed(folder)) != changed


@pytest.mark.real_data("vsd")
def test_the_published_file(real_data):
    scores, photos = real_data / "vsd" / "VSD_dataset.csv", real_data / "vsd" / "JPEGImages"
    with pytest.raises(DataError, match="9540 of the 11540 photos"):
        list_scored_photos(scores, photos, False)
    found = list_scored_photos(scores, photos, True)
    assert len(found) == 2000
    mean = sum(photo.score for photo in found) / 2000
    assert mean == pytest.approx(3.20, abs=0.01)  # the data's own README
