"""The attacker's wall: no attack sees a membership label or scores a pair that its shadow models saw."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from mia_exp.attacks.evidence import Evidence
from mia_exp.attacks.ours import Ours
from mia_exp.config.compose import compose_run
from mia_exp.core.artifacts import Stage
from mia_exp.core.errors import MiaError
from mia_exp.data import Split
from mia_exp.data.splits.random_split import RandomSplit
from mia_exp.data.store import PairStore
from mia_exp.pipeline import Pipeline
from tests.cli import tiny
from tests.pipeline.conftest import BY_ATTACK

# What the pipeline asks of the evidence, and no attack: the class of what attacks are given has neither.
LATER = {"own_dataset", "variant_pairs"}
SIZES = ["split.n_members=5", "split.n_shadow=4", "shadow.n_pairs=4", "victim.epochs=1", "query.batch_size=4"]


def opened(dataset: Path, output: Path, attack: str, *more: str) -> Pipeline:
    words = tiny(dataset, *SIZES, f"output_dir={output}", f"attack={attack}", *BY_ATTACK[attack], *more)
    return Pipeline(compose_run(words))


def swapped(split: Split) -> Split:
    """The same pairs with all labels swapped."""
    return Split(split.nonmembers, split.members, split.shadow_train, split.shadow_test, split.kind, split.seed)


@pytest.mark.parametrize("attack", list(BY_ATTACK))
def test_scores_do_not_depend_on_the_labels(
    attack: str,
    folder_dataset: Path,
    tmp_path: Path,
    searched_photos: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One victim, two opposite labellings: a score that changes has used a label."""
    honest = opened(folder_dataset, tmp_path / "honest", attack, *searched_photos)
    honest.run()
    victim = shutil.copytree(tmp_path / "honest" / "artifacts" / "victim", tmp_path / "victim")

    draw = RandomSplit.draw
    monkeypatch.setattr(RandomSplit, "draw", lambda *words: swapped(draw(*words)))
    # The victim itself must stay: it was trained on the true members.
    monkeypatch.setattr("mia_exp.victims.train.check_weights", lambda config, layout, ids: Path(config.weights))
    (weights,) = victim.glob("*/generator-0001.safetensors")
    turned = opened(folder_dataset, tmp_path / "turned", attack, *searched_photos, f"victim.weights={weights}")
    turned.run()
    assert turned.split_lists.members == honest.split_lists.nonmembers
    assert turned.scores.equals(honest.scores)


@pytest.mark.parametrize("attack", list(BY_ATTACK))
def test_no_public_attribute_of_the_evidence_leads_to_a_stage_of_the_other_side(
    attack: str, folder_dataset: Path, tmp_path: Path, searched_photos: list[str]
) -> None:
    """A stage knows what it was built from: the victim's, its training pairs."""
    run = opened(folder_dataset, tmp_path, attack, *searched_photos)
    run.run()
    members = set(run.split_lists.members)
    waiting: list[object] = [run.evidence]
    seen: list[object] = []
    while waiting:
        found = waiting.pop()
        if any(found is other for other in seen) or isinstance(found, str | int | float | type | None):
            continue
        seen.append(found)
        assert not isinstance(found, Stage), "a stage, and with it all that it reads"
        if isinstance(found, list | tuple | set | frozenset):
            # Of the evaluated ids and of what is drawn from them, none holds the members alone.
            assert set(map(str, found)) != members
            waiting += found
        elif isinstance(found, dict):
            waiting += found.values()
        elif type(found).__module__.startswith("mia_exp."):
            names = [name for name in dir(found) if not name.startswith("_") and name not in LATER]
            waiting += [value for name in names if not callable(value := _value(found, name))]
            waiting += [value for name in ("query", "pairs") if (value := getattr(found, name, None)) is not None]
    assert len(seen) > 10


def _value(place: object, name: str) -> object:
    try:
        return getattr(place, name)
    except LookupError:
        return None  # the attacker's own pairs, if the attack declares none


@pytest.mark.parametrize("attack", ["multi_image", "shadow"])
def test_shadow_pairs_are_not_evaluated_and_evaluated_pairs_train_no_shadow_model(
    attack: str,
    folder_dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records which pairs each stage reads."""
    opened_ids: set[str] = set()
    rows = PairStore.rows

    def watched(self: PairStore, ids: list[str]) -> np.ndarray:
        opened_ids.update(ids)
        return rows(self, ids)

    run = opened(folder_dataset, tmp_path, attack)
    split = run.split_lists
    shadow = {*split.shadow_train, *split.shadow_test}
    assert len(shadow) == 8 and not shadow & set(run.ids)

    def reads(name: str) -> set[str]:
        opened_ids.clear()
        with monkeypatch.context() as patch:
            patch.setattr(PairStore, "rows", watched)
            run.store.get(run.stages[name])
        return set(opened_ids)

    own = shadow if attack == "shadow" else {*split.shadow_train}
    # The one stage that sees both sides, and leaves a count alone, lies outside of the attack.
    assert reads("disjoint") == own | {*split.members} | {*run.ids}
    # Its error on some non-members is logged while it is trained.
    assert reads("victim") == {*split.members, *split.nonmembers}
    assert reads("shadow_model") == set(split.shadow_train)
    if attack == "shadow":
        assert reads("shadow_queries") == shadow
        assert reads("classifier") == shadow
    for name in run.stages:
        assert reads(name) <= set(run.ids), name
    assert set(run.scores.index) == set(run.ids)


@pytest.mark.parametrize("attack", ["multi_image", "shadow"])
def test_a_shadow_model_does_not_depend_on_the_evaluated_pairs(
    attack: str, folder_dataset: Path, tmp_path: Path, spoil: Callable[[Path, list[str]], Path]
) -> None:
    """Paint every evaluated pair black: what the attacker trained must stay bit-identical."""
    honest = opened(folder_dataset, tmp_path / "honest", attack)
    honest.run()
    blackened = opened(spoil(folder_dataset, honest.ids), tmp_path / "black", attack)
    blackened.run()
    name, file = {
        "multi_image": ("shadow_model", "generator-0001.safetensors"),
        "shadow": ("classifier", "classifier.safetensors"),
    }[attack]
    first, second = (
        load_file(pipeline.store.folder(pipeline.stages[name]) / file) for pipeline in (honest, blackened)
    )
    assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
    columns = ["l_shadow"] if attack == "multi_image" else ["shadow_score"]
    assert not np.allclose(honest.scores[columns], blackened.scores[columns])


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[[Path, list[str]], Path]:
    """Copies a folder dataset and blackens some of its pairs."""

    def copy(dataset: Path, ids: list[str]) -> Path:
        root = shutil.copytree(dataset, tmp_path / "black_pairs")
        for folder in ("inputs", "targets"):
            for id in ids:
                Image.new("RGB", (64, 64)).save(root / folder / f"{id}.png")
        return root

    return copy


@pytest.fixture(scope="module")
def made(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of a run that has ended."""
    output = tmp_path_factory.mktemp("made")
    opened(folder_dataset, output, "ours").run()
    return output


def test_a_score_table_is_in_the_order_of_ids_whatever_an_attack_returns(
    folder_dataset: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = opened(folder_dataset, made, "ours").scores
    score = Ours.score

    def ranked(attack: Ours, evidence: Evidence) -> pd.DataFrame:
        return score(attack, evidence).sort_values("l_mem")

    monkeypatch.setattr(Ours, "score", ranked)
    run = opened(folder_dataset, made, "ours")
    assert list(run.scores.index) == sorted(run.ids), "the order of the rows would say who is likely a member"
    assert run.scores.equals(expected)
    assert list(ranked(Ours(), run.evidence).index) != sorted(run.ids)


def test_a_score_table_has_no_column_that_the_attack_does_not_declare(
    folder_dataset: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened(folder_dataset, made, "ours")
    score = Ours.score
    members = run.split_lists.members
    # A label, in a column of its own.
    monkeypatch.setattr(
        Ours,
        "score",
        lambda attack, evidence: score(attack, evidence).assign(member=lambda table: table.index.isin(members)),
    )
    with pytest.raises(
        MiaError,
        match="attack=ours declares the columns l_mem, l_mem_slope and returned l_mem, l_mem_slope, member",
    ):
        _ = run.scores
