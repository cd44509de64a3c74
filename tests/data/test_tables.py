"""Tables as people and pandas write them: headers, row numbers, encodings, and what can be read in two ways."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mia_exp.attacks.search_times import list_scored_photos
from mia_exp.core.errors import DataError
from mia_exp.data.landmarks import MAX_COORDINATE, read_landmarks
from mia_exp.data.readers.celeba import CelebADataset, Landmarks

NAMES = ["000001.jpg", "000002.jpg", "000003.jpg"]
POINTS = np.round(np.random.default_rng(0).uniform(0, 200, (3, 10)), 2)


def frame(columns):
    table = pd.DataFrame(POINTS, columns=columns[1:])
    table.insert(0, columns[0], NAMES)
    return table


def written(table, **options):
    buffer = io.StringIO()
    table.to_csv(buffer, **options)
    return buffer.getvalue()


NAMED = frame(["image", *(f"{axis}{point}" for point in range(5) for axis in "xy")])
NUMBERED = frame(list(range(11)))
LANDMARKS = {
    "names and row numbers": written(NAMED),
    "names": written(NAMED, index=False),
    "no header": written(NAMED, index=False, header=False),
    "row numbers and no header": written(NAMED, header=False),
    "column numbers": written(NUMBERED, index=False),
    "column and row numbers": written(NUMBERED),
    "indexed by name": written(NAMED.set_index("image")),
    "indexed by name, column numbers": written(NUMBERED.set_index(0)),
    "indexed by name, columns counted anew": written(
        NUMBERED.set_index(0).rename_axis("image").rename(columns=lambda number: number - 1)
    ),
    "blanks": written(NAMED, index=False, sep=" "),
    "a count first": "3\n" + written(NAMED, index=False, sep=" "),
    "shuffled, with their row numbers": written(NAMED.iloc[[2, 0, 1]]),
    "byte order mark, Windows' ends of lines": "\ufeff" + written(NAMED).replace("\n", "\r\n"),
    "trailing commas": written(NAMED, index=False).replace("\n", ",\n"),
    "empty lines": "\n" + written(NAMED, index=False).replace("\n", "\n\n"),
}


@pytest.mark.parametrize("text", LANDMARKS.values(), ids=LANDMARKS.keys())
def test_landmarks_in_every_form_are_the_same(tmp_path, text):
    path = tmp_path / "l.csv"
    path.write_bytes(text.encode())
    found = read_landmarks(path, 5)
    assert sorted(found) == NAMES
    for name, points in zip(NAMES, POINTS, strict=True):
        assert np.array_equal(found[name], points.reshape(5, 2))


ROW = "000001.jpg" + ",1" * 10
WRONG = {
    "a number too few": (ROW[:-2], r"line 1: expected an image's name and 10 numbers, found '000001\.jpg,1"),
    "a number too many, and no row number": (ROW + ",1", r"line 1: expected an image's name and 10 numbers"),
    "a word": (ROW[:-1] + "x", r"line 1: expected an image's name and 10 numbers"),
    "an empty cell": (ROW.replace(",1,", ",,", 1), r"line 1: expected an image's name and 10 numbers"),
    "row numbers that stop": (
        f"0,{ROW}\n{ROW.replace('1.j', '2.j')}",
        r"line 2: .* after the row number, found",
    ),
    "row numbers that begin": (f"{ROW}\n1,{ROW.replace('1.j', '2.j')}", r"line 2: expected an image's name and 10"),
    "its last number missing": ("0,000001" + ",1" * 9 + ",", r"line 1: expected an image's name and 10 numbers"),
    "the other number of points": ("000001.jpg" + ",1" * 136, r"line 1: expected an image's name and 10 numbers"),
    "a header alone": ("image,x,y\n", r"l\.csv: expected rows of an image's name and 10 numbers, found none"),
    "nothing": ("", r"l\.csv: expected rows of an image's name and 10 numbers, found none"),
    "no number": (ROW[:-1] + "nan", r"line 1: expected an image's name and 10 numbers"),
    "too far": (ROW[:-1] + "1e300", r"line 1: expected points in pixels, 100000 at most, found 1e\+300"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_landmarks_that_cannot_be_understood(tmp_path, text, message):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_landmarks(tmp_path / "l.csv", 5)


def test_the_farthest_points_are_drawn_quickly(tmp_path):
    from mia_exp.data.landmarks import draw_contours

    points = np.random.default_rng(0).choice([-MAX_COORDINATE, MAX_COORDINATE], (68, 2)) / 16
    assert draw_contours(points, 128).shape == (128, 128, 3)


PHOTOS = [f"2008_{number:06d}" for number in range(12)]
SCORES = [3 + number / 10 for number in range(12)]
SEARCHED = pd.DataFrame({"name": PHOTOS, "score": SCORES})
COUNTED = SEARCHED.set_axis([0, 1], axis=1)
SEARCH = {
    "no header": written(SEARCHED, index=False, header=False),
    "names": written(SEARCHED, index=False),
    "names and row numbers": written(SEARCHED),
    "column numbers": written(COUNTED, index=False),
    "column and row numbers": written(COUNTED),
    "row numbers and no header": written(SEARCHED, header=False),
    "a series": written(SEARCHED.set_index("name")["score"]),
    "a series without a name": written(SEARCHED.set_index("name")["score"].rename(None).rename_axis(None)),
    "quoted": written(SEARCHED, index=False, quoting=1),
    "byte order mark": "\ufeff" + written(SEARCHED),
}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in PHOTOS:
        Image.new("RGB", (8, 8)).save(folder / f"{name}.jpg")
    return folder


def listed(photos, content):
    path = photos.parent / "scores.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list_scored_photos(path, photos, allow_missing=False)


@pytest.mark.parametrize("text", SEARCH.values(), ids=SEARCH.keys())
def test_scores_in_every_form_are_the_same(photos, text):
    assert [(photo.name, photo.score) for photo in listed(photos, text)] == list(zip(PHOTOS, SCORES, strict=True))


PLAIN = written(SEARCHED, index=False, header=False)
UNREAD = {
    "a photo's score is a word": (f"{PHOTOS[0]},fast\n{PLAIN}", r"line 1: expected a number .* 2008_000000"),
    "a photo's score is no number": (f"zebra,nan\n{PLAIN}", r"line 1: expected a number for the score of zebra"),
    "infinite": (
        PLAIN.replace("3.5", "inf"),
        r"line 6: expected a number for the score of 2008_000005, found 'inf'",
    ),
    "a header in the middle": (PLAIN + "name,score\n", r"line 13: expected a number for the score of name"),
    "two headers": (f"name,score\nid,value\n{PLAIN}", r"line 2: expected a number for the score of id"),
    "three columns of which none counts": (
        PLAIN.replace("\n", ",0.1\n"),
        r"line 1: expected a photo's name and its",
    ),
    "one column": ("\n".join(PHOTOS), r"line 1: expected a photo's name and its score"),
    "all alike": (written(SEARCHED.assign(score=3.1)), r"expected scores that differ, .* found 3\.1 to 3\.1"),
    "far apart": (PLAIN.replace(",3.0", ",1e300"), r"expected scores that differ, by 1e\+09 at most"),
    "not UTF-8": (PLAIN.encode() + b"caf\xe9,3\n", r"line 13: expected text in UTF-8, found the byte 0xe9"),
    "UTF-16": (PLAIN.encode("utf-16"), r"line 1: expected text in UTF-8, found the byte 0xff"),
    "a NUL byte": (PLAIN.encode() + b"a\0b,3\n", r"line 13: expected text in UTF-8, found a NUL byte"),
    "an open quote over megabytes": (PLAIN + '"' + "x" * 200_000, r"scores\.csv: expected a CSV .*field larger"),
    "an empty file": ("", r"expected 10 or more photos"),
}


@pytest.mark.parametrize(("text", "message"), UNREAD.values(), ids=UNREAD.keys())
def test_scores_that_cannot_be_understood(photos, text, message):
    with pytest.raises(DataError, match=message) as caught:
        listed(photos, text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_a_first_line_that_is_a_photo_or_column_numbers(photos):
    Image.new("RGB", (8, 8)).save(photos / "0.jpg")
    with pytest.raises(DataError, match=r"line 1: .*'0,1' could be either\. Name the columns, or .* decimal point"):
        listed(photos, "0,1\n" + PLAIN)
    scores = {photo.name: photo.score for photo in listed(photos, "0,1.0\n" + PLAIN)}
    assert scores["0"] == 1.0 and len(scores) == 13


@pytest.fixture
def celeba(tmp_path):
    (tmp_path / "img_align_celeba").mkdir()
    for name in NAMES:
        Image.new("RGB", (89, 109)).save(tmp_path / "img_align_celeba" / name)
    (tmp_path / "list_landmarks_align_celeba.csv").write_text(LANDMARKS["names"])
    return tmp_path


def partitions(root):
    config = CelebADataset(root=str(root), landmarks=Landmarks.points_5)
    return [record.partition for record in config.open(root).records()]


@pytest.mark.parametrize("options", [{}, {"index": False}, {"index": False, "header": False}, {"header": False}])
def test_partitions_as_pandas_writes_them(celeba, options):
    table = pd.DataFrame({"image_id": NAMES, "partition": [0, 1, 2]})
    for text in (written(table, **options), written(table.set_axis([0, 1], axis=1), **options)):
        (celeba / "list_eval_partition.txt").write_text(text)
        assert partitions(celeba) == ["train", "val", "test"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"000001.jpg 0\ncaf\xe9.jpg 1\n",
            r"list_eval_partition\.txt, line 2: expected text in UTF-8, found the byte",
        ),
        (b"000001.jpg 0\n\0\n", r"list_eval_partition\.txt, line 2: expected text in UTF-8, found a NUL byte"),
        (
            b"0 000001.jpg 0\n000002.jpg 1\n",
            r"list_eval_partition\.txt, line 2: expected an image's name and 0, 1 or",
        ),
    ],
)
def test_partitions_that_are_no_text(celeba, content, message):
    (celeba / "list_eval_partition.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        partitions(celeba)


@pytest.mark.parametrize("wrong", [b"\xff", b"\0"])
def test_landmarks_that_are_no_text(celeba, wrong):
    path = celeba / "list_landmarks_align_celeba.csv"
    path.write_bytes(path.read_bytes() + wrong)
    with pytest.raises(DataError, match=r"list_landmarks_align_celeba\.csv, line 5: expected text in UTF-8"):
        partitions(celeba)
