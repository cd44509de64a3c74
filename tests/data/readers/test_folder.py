import numpy as np
import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data import Record
from mia_exp.data.image import Conversion
from mia_exp.data.readers.folder import FolderDataset

RED, BLUE = (255, 0, 0), (0, 0, 255)


def write(path, colour, size=(20, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def root(tmp_path):
    for name in ("2", "10", "sub/1"):
        write(tmp_path / "inputs" / f"{name}.png", RED)
        write(tmp_path / "targets" / f"{name}.bmp", BLUE)
    return tmp_path


def source(root, **settings):
    return FolderDataset(root=str(root), **settings).open(root)


def test_lists_pairs_across_endings_and_subfolders(root):
    records = source(root).records()
    assert [r.id for r in records] == ["2", "10", "sub/1"]
    bytes_of_both = sum((root / name).stat().st_size for name in ("inputs/2.png", "targets/2.bmp"))
    assert records[0] == Record("2", "all", bytes_of_both)


def test_loads_x_from_inputs_and_y_from_targets(root):
    x, y, _ = source(root).load("sub/1", 8, 10)
    assert x.shape == y.shape == (8, 8, 3)
    assert (x == RED).all()
    assert (y == BLUE).all()


def test_conversions_of_both_halves_are_told(root):
    Image.new("L", (20, 10)).save(root / "targets" / "2.bmp")
    Image.new("RGBA", (20, 10)).save(root / "inputs" / "2.png")
    _, _, conversions = source(root).load("2", 8, 8)
    assert conversions == {Conversion.greyscale, Conversion.transparency}


def test_user_data_folder_and_absolute_folders(root, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MIA_EXP_DATA", str(root))
    assert len(FolderDataset().open(root).records()) == 3
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    absolute = {"inputs": str(root / "inputs"), "targets": str(root / "targets")}
    assert len(source(elsewhere, **absolute).records()) == 3


def test_too_small_names_the_half(root):
    write(root / "targets" / "2.bmp", BLUE, size=(20, 9))
    with pytest.raises(DataError, match=r"targets.*2\.bmp.*10x10.*20x9"):
        source(root).load("2", 8, 10)


def test_unpaired_names_are_listed_a_few_at_a_time(root):
    (root / "inputs" / "2.png").unlink()
    with pytest.raises(DataError, match=r"1 without a counterpart.*2\.bmp"):
        source(root).records()
    for name in range(20, 30):
        write(root / "inputs" / f"{name}.png", RED)
    with pytest.raises(DataError, match=r"11 without a counterpart.*20\.png.*\.\.\.") as caught:
        source(root).records()
    assert "29.png" not in str(caught.value)


def test_missing_folder(root):
    with pytest.raises(DataError, match="sketches"):
        source(root, inputs="sketches").records()


def test_one_folder_for_both(root):
    with pytest.raises(DataError, match="same folder"):
        source(root, targets="inputs").records()


def test_fingerprint_tells_inputs_from_targets(root):
    ids = ["2", "10", "sub/1"]
    before = source(root).fingerprint(ids)
    swapped = source(root, inputs="targets", targets="inputs").fingerprint(ids)
    assert before != swapped
    write(root / "targets" / "2.bmp", RED)
    assert source(root).fingerprint(ids) not in (before, swapped)


def test_no_official_partitions():
    assert FolderDataset().official_partitions() == ([], [])


def test_size_is_exact_even_for_odd_shapes(root):
    gradient = np.tile(np.arange(50, dtype=np.uint8), (31, 1))
    Image.fromarray(gradient).save(root / "inputs" / "2.png")
    x, _, _ = source(root).load("2", 17, 10)
    assert x.shape == (17, 17, 3)
    assert (np.diff(x[0, :, 0].astype(int)) >= 0).all()
