import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mia_exp.core.errors import DataError
from mia_exp.data import Pool, Record, Split
from mia_exp.data.splits.official_split import OfficialSplit
from mia_exp.data.splits.random_split import RandomSplit

POOLED = [Record(f"p{n}", "all", 1) for n in range(100)]
PARTED = [Record(f"train/{n}", "train", 1) for n in range(60)] + [Record(f"val/{n}", "val", 1) for n in range(40)]


def random_split(records=POOLED, **settings):
    return RandomSplit(**settings).draw(Pool(records))


def official_split(records=PARTED, **settings):
    return OfficialSplit(**settings).draw(Pool(records, ["train"], ["val"]))


def lists(split):
    return split.members, split.nonmembers, split.shadow_train, split.shadow_test


def test_an_ids_place_is_its_hash():
    expected = sorted((r.id for r in POOLED), key=lambda id: hashlib.sha256(f"3:{id}".encode()).hexdigest())
    split = random_split(seed=3, n_members=30)
    assert [*split.members, *split.nonmembers] == expected[:60]


def test_random_takes_as_many_as_fit():
    assert [len(part) for part in lists(random_split())] == [50, 50, 0, 0]
    assert [len(part) for part in lists(random_split(n_shadow=7))] == [43, 43, 7, 7]
    assert [len(part) for part in lists(random_split(POOLED[:-1], n_shadow=7))] == [42, 42, 7, 7]
    assert [len(part) for part in lists(random_split(n_members=10, n_shadow=40))] == [10, 10, 40, 40]


@given(st.integers(0, 2**31), st.integers(2, 20), st.integers(0, 30), st.permutations(POOLED))
def test_random_lists_are_disjoint_and_free_of_the_listing_order(seed, n_members, n_shadow, records):
    split = random_split(records, seed=seed, n_members=n_members, n_shadow=n_shadow)
    everyone = [id for part in lists(split) for id in part]
    assert len(set(everyone)) == len(everyone) == 2 * (n_members + n_shadow)
    assert split == random_split(seed=seed, n_members=n_members, n_shadow=n_shadow)


def test_random_mixes_the_partitions():
    split = random_split(PARTED)
    for part in (split.members, split.nonmembers):
        assert 20 <= sum(id.startswith("train/") for id in part) <= 40  # 30 expected


def test_more_shadow_images_move_no_member_and_keep_the_shadow_images():
    small, large = (random_split(n_members=10, n_shadow=n) for n in (5, 30))
    assert (small.members, small.nonmembers) == (large.members, large.nonmembers)
    assert large.shadow_train[:5] == small.shadow_train
    assert large.shadow_test[:5] == small.shadow_test


def test_official_keeps_to_the_partitions():
    split = official_split(n_shadow=5)
    assert [len(part) for part in lists(split)] == [60, 30, 5, 5]
    assert {id.partition("/")[0] for id in split.members} == {"train"}
    assert {id.partition("/")[0] for part in lists(split)[1:] for id in part} == {"val"}
    assert len({id for part in lists(split) for id in part}) == 100
    assert official_split(n_members=10).members == split.members[:10]


def test_evaluated_is_balanced():
    members, nonmembers = official_split(n_shadow=5).evaluated()
    assert len(members) == len(nonmembers) == 30
    assert members == official_split().members[:30]


def test_seeds_differ():
    assert random_split(seed=0).members != random_split(seed=1).members
    assert random_split(seed=0).hash != random_split(seed=1).hash


def test_json_and_hash():
    split = random_split(n_shadow=3)
    assert Split.from_json(split.to_json()) == split
    assert replace(split, members=split.members[::-1]).hash != split.hash
    changed = json.loads(split.to_json())
    changed["members"][0], changed["nonmembers"][0] = changed["nonmembers"][0], changed["members"][0]
    with pytest.raises(DataError, match="was changed"):
        Split.from_json(json.dumps(changed))


def test_too_few_pairs():
    with pytest.raises(DataError, match=r"202 pairs.*found 100"):
        random_split(n_members=101)
    with pytest.raises(DataError, match=r"expected 104 pairs.*n_shadow=50.*found 100"):
        random_split(n_shadow=50)
    with pytest.raises(DataError, match=r"61 members.*found 60.*train"):
        official_split(n_members=61)
    with pytest.raises(DataError, match=r"n_shadow=20.*found 40.*val"):
        official_split(n_shadow=20)
    with pytest.raises(DataError, match="found 0"):
        official_split(PARTED[:60])


def test_official_needs_partitions():
    with pytest.raises(DataError, match="split=random"):
        OfficialSplit().draw(Pool(POOLED))


def test_a_partition_cannot_be_both():
    with pytest.raises(DataError, match="train"):
        OfficialSplit().draw(Pool(PARTED, ["train"], ["val", "train"]))
