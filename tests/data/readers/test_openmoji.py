import numpy as np
import pytest

from mia_exp.data.readers.openmoji import ATTRIBUTION, OpenMoji, OpenMojiDataset


@pytest.fixture(scope="module")
def source():
    return OpenMoji()


@pytest.fixture(scope="module")
def records(source):
    return source.records()


def test_count_and_order(records):
    ids = [r.id for r in records]
    assert 2100 <= len(ids) <= 2200
    assert len(set(ids)) == len(ids)
    assert ids.index("231A") < ids.index("1F600")
    assert {r.partition for r in records} == {"all"}
    assert all(r.source_bytes > 100 for r in records)


def test_what_is_left_out(records):
    ids = {r.id for r in records}
    assert "1F44D" in ids  # thumbs up
    assert "1F3F4-200D-2620-FE0F" in ids  # pirate flag: a drawing, not a country
    assert "1F1E6" in ids  # a letter in a box, not yet a flag
    assert "1F44D-1F3FD" not in ids  # thumbs up, medium skin tone
    assert "1F1E9-1F1EA" not in ids  # flag of Germany
    assert "1F3F4-E0067-E0062-E0065-E006E-E0067-E007F" not in ids  # flag of England
    assert "1F195" not in ids  # its line group is empty
    # The same file under two names: man and person at the stove.
    assert len({"1F468-200D-1F373", "1F9D1-200D-1F373"} & ids) == 1


def test_x_is_black_lines_and_y_is_coloured(source):
    x, y, conversions = source.load("1F600", 64, 10**6)
    assert x.shape == y.shape == (64, 64, 3)
    assert x.dtype == y.dtype == np.uint8
    assert (x[0, 0] == 255).all()
    assert np.ptp(x.astype(int), axis=2).max() <= 2
    assert x.min() < 64
    # The cheek of the grinning face: white in x, OpenMoji's yellow #FCEA2B in y.
    assert x[28, 20].tolist() == [255, 255, 255]
    assert y[28, 20].tolist() == [0xFC, 0xEA, 0x2B]
    assert conversions == frozenset()


def test_lines_hold_no_colour_and_most_drawings_do(source, records):
    coloured = 0
    for record in records[::40]:
        x, y, _ = source.load(record.id, 32, 32)
        assert np.ptp(x.astype(int), axis=2).max() <= 2, record.id
        assert x.min() < 255, record.id
        coloured += np.ptp(y.astype(int), axis=2).max() > 32
    assert coloured > 0.7 * len(records[::40])


def test_fingerprint_and_credit(source):
    assert OpenMoji().fingerprint() == source.fingerprint()
    assert "OpenMoji" in ATTRIBUTION
    assert "CC BY-SA 4.0" in ATTRIBUTION


def test_opens_by_its_settings(tmp_path):
    assert OpenMojiDataset().open(tmp_path).name == "openmoji"
