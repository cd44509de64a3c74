"""CelebA: landmarks, drawings, partitions."""

import numpy as np
import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data.landmarks import draw_contours, read_landmarks
from mia_exp.data.readers.celeba import CelebADataset, Landmarks
from mia_exp.data.readers.imagenet import ImageNetDataset


@pytest.mark.real_data("celeba")
def test_the_real_faces_are_where_their_contours_say(real_data):
    source = CelebADataset(root=str(real_data / "celeba")).open(real_data)
    records = source.records()
    assert len(records) == 2400 and records[0].id == "000001"
    assert source.layout.channels == 3
    for record in records[:5]:
        x, y, _ = source.load(record.id, 64, 64)
        assert x.shape == y.shape == (64, 64, 3)
        rows, columns = np.nonzero(x[..., 0] > 128)
        # CelebA's aligned faces have their eyes at 51 % and the mouth at 70 % of the height, near the middle.
        assert 0.4 < rows.mean() / 64 < 0.75 and 0.3 < columns.mean() / 64 < 0.7
        assert 0.01 < (x > 128).mean() < 0.25


def test_lines_go_through_their_points():
    points = np.random.default_rng(0).uniform(0.1, 0.9, (68, 2))
    drawing = draw_contours(points, 256)
    for x, y in points:
        assert drawing[int(y * 256) - 1 : int(y * 256) + 2, int(x * 256) - 1 : int(x * 256) + 2].max() > 200
    # The eyes are closed lines, the brows are not: the middle between first and last point.
    straight = np.full((68, 2), 0.95)
    straight[36:42] = [[0.2, 0.2], [0.5, 0.2], [0.8, 0.2], [0.8, 0.8], [0.5, 0.8], [0.2, 0.8]]
    assert draw_contours(straight, 100)[50, 20, 0] > 150  # from the last of the eye to its first
    straight = np.full((68, 2), 0.95)
    straight[17:22] = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.5], [0.8, 0.8], [0.2, 0.8]]
    assert draw_contours(straight, 100)[50, 20, 0] == 0


def test_five_points_are_all_seen():
    points = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.35, 0.7], [0.65, 0.7]])
    drawing = draw_contours(points, 100)
    for x, y in (*points, (0.5, 0.7)):  # the mouth is a stroke between its corners
        row, column = round(y * 100), round(x * 100)
        assert drawing[row - 1 : row + 2, column - 1 : column + 2].max() > 200
    assert drawing[50, 30, 0] == 0


@pytest.fixture
def celeba(tmp_path):
    (tmp_path / "img_align_celeba").mkdir()
    for number in (1, 2, 3):
        Image.new("RGB", (89, 109), (number, 0, 0)).save(tmp_path / "img_align_celeba" / f"{number:06d}.jpg")
    return tmp_path


TXT = """3
lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y
000001.jpg  69  109  106  113   77  142   73  152  108  154
000002.jpg  69  110  107  112   81  135   70  151  108  153
000003.jpg  76  112  104  106  108  128   74  156   98  158
"""


def five(root, **settings):
    return CelebADataset(root=str(root), landmarks=Landmarks.points_5, **settings).open(root)


def test_celebas_own_file_and_its_csv_are_read_alike(celeba):
    (celeba / "list_landmarks_align_celeba.txt").write_text(TXT)
    from_text = five(celeba).load("000001", 64, 64)[0]
    rows = [",".join(line.split()) for line in TXT.splitlines()[1:]]
    (celeba / "list_landmarks_align_celeba.txt").unlink()
    (celeba / "list_landmarks_align_celeba.csv").write_text("\n".join(["image_id," + rows[0], *rows[1:]]))
    assert np.array_equal(five(celeba).load("000001", 64, 64)[0], from_text)
    # Points are in pixels of 178 x 218, the images here are half of that: the left eye, by hand.
    assert from_text[int(109 / 218 * 64), int(69 / 178 * 64), 0] > 200


def test_partitions_make_an_official_split(celeba):
    (celeba / "list_landmarks_align_celeba.txt").write_text(TXT)
    assert {record.partition for record in five(celeba).records()} == {"all"}
    (celeba / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    assert [record.partition for record in five(celeba).records()] == ["train", "val", "test"]
    assert CelebADataset().official_partitions() == (["train"], ["test"])
    (celeba / "list_eval_partition.txt").write_text("image_id,partition\n000001.jpg,0\n000002.jpg,7\n")
    with pytest.raises(DataError, match=r"list_eval_partition\.txt, line 3: expected .* 0, 1 or 2"):
        five(celeba).records()


def test_landmarks_that_are_missing_or_broken(celeba):
    with pytest.raises(DataError, match=r"list_landmarks_align_celeba\.txt: .*found no such file.*landmarks_file"):
        five(celeba).records()
    (celeba / "list_landmarks_align_celeba.txt").write_text("\n".join(TXT.splitlines()[:4]))
    with pytest.raises(DataError, match=r"1 of the 3 faces .* have no landmarks in this file: 000003\.jpg"):
        five(celeba).records()
    path = celeba / "broken.csv"
    path.write_text(TXT + "000004.jpg 1 2 3\n")
    with pytest.raises(DataError, match=r"line 6: expected an image's name and 10 numbers"):
        read_landmarks(path, 5)
    path.write_text(TXT + "000001.jpg" + " 1" * 10)
    with pytest.raises(DataError, match=r"line 6: 000001\.jpg already has landmarks"):
        read_landmarks(path, 5)


def test_a_tree_of_images_has_no_inputs(tmp_path):
    for name in ("train/n01/a_10", "train/n01/a_9", "train/n02/b", "val/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (90, 70), (9, 8, 7)).save(tmp_path / f"{name}.JPEG")
    source = ImageNetDataset(root=str(tmp_path)).open(tmp_path)
    assert [record.id for record in source.records()] == ["train/n01/a_9", "train/n01/a_10", "train/n02/b", "val/c"]
    assert [record.partition for record in source.records()] == ["train"] * 3 + ["val"]
    x, y, _ = source.load("train/n02/b", 64, 64)
    assert np.array_equal(x, y) and x.shape == (64, 64, 3)
    with pytest.raises(DataError, match=r"at least 80x80"):
        source.load("train/n02/b", 64, 80)
