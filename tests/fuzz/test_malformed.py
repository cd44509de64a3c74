"""Weights and records that somebody wrote by hand: one refusal each, and no memory for what they promise."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from mia_exp.attacks.numerics.loss_map_classifier import FORMAT as CLASSIFIER_FORMAT
from mia_exp.attacks.numerics.loss_map_classifier import _load
from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor
from mia_exp.core.artifacts import MANIFEST, _read_manifest
from mia_exp.core.errors import DataError, StorageError, WeightsError
from mia_exp.data import Split
from mia_exp.features.weights import read_state_dict
from mia_exp.victims.generator_file import load_generator
from mia_exp.victims.pix2pix.unet import UNetGenerator
from mia_exp.victims.train import RESUME_FILE
from tests.fuzz import valid
from tests.fuzz.test_fuzz import peak_megabytes


def parts(content: bytes) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"], load(content)


def refusal(path: Path, content: bytes, read: Callable[[Path], object]) -> str:
    path.write_bytes(content)
    before = peak_megabytes(anew=True)
    with pytest.raises(WeightsError) as caught:
        read(path)
    assert peak_megabytes() - before < 300
    message = str(caught.value)
    assert str(path) in message and message.isprintable() and len(message) < 1000
    return message


def unet(path: Path) -> object:
    return load_generator(path, valid.build_unet)


def residual(path: Path) -> object:
    return load_generator(path, valid.build_residual)


REMOVED = object()
ARCHITECTURES: dict[str, tuple[dict[str, Any], str]] = {
    "wide": ({"ngf": 10**9}, "ngf 1000000000 instead of 1"),
    "wider than any": ({"ngf": 10**400}, "ngf 1000000000"),
    "negative": ({"ngf": -4}, "ngf -4 instead of 1"),
    "zero": ({"ngf": 0}, "ngf 0 instead of 1"),
    "of words": ({"ngf": "1"}, "ngf 1 instead of 1"),
    "true": ({"ngf": True}, "ngf True instead of 1"),
    "deep": ({"image_size": 2**60}, "image_size 1152921504606846976 instead of 64"),
    "of an odd size": ({"image_size": 65}, "image_size 65 instead of 64"),
    "unknown": ({"class": "Transformer"}, "class Transformer instead of UNetGenerator"),
    "of a list": ({"class": ["UNetGenerator"]}, "class ['UNetGenerator'] instead of"),
    "without a class": ({"class": REMOVED}, "class None instead of UNetGenerator"),
    "without a width": ({"ngf": REMOVED}, "ngf None instead of 1"),
    "with more": ({"colour": "red"}, "colour red instead of None"),
    "of another width": ({"ngf": 2}, "ngf 2 instead of 1"),
    "of another size": ({"image_size": 128}, "image_size 128 instead of 64"),
}


@pytest.mark.parametrize(("change", "message"), ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_an_architecture_that_is_none(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    header, state = parts(valid.unet())
    described = {**json.loads(header["architecture"]), **change}
    header["architecture"] = json.dumps({name: value for name, value in described.items() if value is not REMOVED})
    assert message in refusal(tmp_path / "g.safetensors", save(state, header), unet)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ngf": 2}, "its tensors do not match its "),
        ({"image_size": 128}, "its tensors do not match its "),
    ],
    ids=str,
)
def test_tensors_of_another_architecture_than_the_headers(
    tmp_path: Path, change: dict[str, int], message: str
) -> None:
    header, state = parts(valid.unet())
    header["architecture"] = json.dumps({**json.loads(header["architecture"]), **change})
    like = partial(UNetGenerator, change.get("image_size", 64), change.get("ngf", 1), True)
    content = save(state, header)
    assert message in refusal(tmp_path / "g.safetensors", content, lambda path: load_generator(path, like))


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": 10**9},
        {"downsamplings": 10**6},
        {"downsamplings": -1},
        {"palette": [[0, 0]]},
        {"palette": [[0, 0, 0]] * 2},
        {"palette": [[0, 0, 300]]},
        {"palette": []},
        {"palette": "red"},
        {"palette": [[0, 0, number % 256] for number in range(256)] * 2},
        {"instances": 1},
        {"instances": False},
        {"ngf": 3},
    ],
    ids=str,
)
def test_a_residual_architecture_that_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    header, state = parts(valid.residual())
    header["architecture"] = json.dumps({**json.loads(header["architecture"]), **change})
    refusal(tmp_path / "g.safetensors", save(state, header), residual)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"unet"', "[" * 10**5, "\U0001f600"])
def test_an_architecture_that_is_no_json_object(tmp_path: Path, text: str) -> None:
    header, state = parts(valid.unet())
    said = refusal(tmp_path / "g.safetensors", save(state, {**header, "architecture": text}), unet)
    assert "expected the header of a generator that mia_exp saved" in said


@pytest.mark.parametrize("missing", ["format", "architecture", "training_set"])
def test_a_header_that_lacks_something(tmp_path: Path, missing: str) -> None:
    header, state = parts(valid.unet())
    del header[missing]
    said = refusal(tmp_path / "g.safetensors", save(state, header), unet)
    assert f"{'the format' if missing == 'format' else f'there is no {missing}'}" in said


def classifier(path: Path) -> object:
    from unittest.mock import patch

    with patch("mia_exp.attacks.numerics.loss_map_classifier.resnet50", valid.small_network):
        return _load(path, 16)


def regressor(path: Path) -> object:
    return SearchTimeRegressor.load(path, "backbone", "weights")


FILES = {
    "unet": (valid.unet, unet),
    "residual": (valid.residual, residual),
    "classifier": (valid.classifier, classifier),
    "regressor": (valid.regressor, regressor),
}
SPOILT: dict[str, Callable[[torch.Tensor], torch.Tensor | None]] = {
    "missing": lambda tensor: None,
    "not a number": lambda tensor: torch.full_like(tensor, torch.nan),
    "minus infinity": lambda tensor: torch.full_like(tensor, -torch.inf),
    "of half the digits": lambda tensor: tensor.half(),
    "of whole numbers": lambda tensor: tensor.to(torch.int64),
    "one value short": lambda tensor: tensor.flatten()[:-1],
    "with an axis more": lambda tensor: tensor[None],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
@pytest.mark.parametrize(("make", "read"), FILES.values(), ids=FILES.keys())
def test_a_tensor_that_does_not_belong(
    tmp_path: Path,
    make: Callable[[], bytes],
    read: Callable[[Path], object],
    spoil: Callable[[torch.Tensor], torch.Tensor | None],
) -> None:
    header, state = parts(make())
    read_back = tmp_path / "whole.safetensors"
    read_back.write_bytes(save(state, header))
    read(read_back)
    for name in [name for name, tensor in state.items() if tensor.is_floating_point()][:8]:
        spoilt = spoil(state[name])
        changed = {key: tensor for key, tensor in state.items() if key != name}
        if spoilt is not None:
            changed[name] = spoilt
        refusal(tmp_path / "w.safetensors", save(changed, header), read)
    refusal(tmp_path / "w.safetensors", save({**state, "more": torch.zeros(1)}, header), read)


PROVENANCES: dict[str, dict[str, Any]] = {
    "without a backbone": {"backbone": REMOVED},
    "of a list": {"weights": []},
    "of no photos": {"n_photos": 0},
    "of half a photo": {"n_photos": 1.5},
    "better than perfect": {"rank_correlation": 2},
    "of words": {"rank_correlation": "good"},
    "with half an interval": {"rank_correlation_ci95": [0.1]},
    "with no interval": {"rank_correlation_ci95": 3},
    "of another backbone": {"backbone": "caf\udce9"},
    "of a backbone with a long name": {"backbone": "x" * 5000},
}


@pytest.mark.parametrize("change", PROVENANCES.values(), ids=PROVENANCES.keys())
def test_a_regressor_of_unknown_origin(tmp_path: Path, change: dict[str, Any]) -> None:
    header, state = parts(valid.regressor())
    about = {**json.loads(header["provenance"]), **change}
    header["provenance"] = json.dumps({name: value for name, value in about.items() if value is not REMOVED})
    refusal(tmp_path / "r.safetensors", save(state, header), regressor)


@pytest.mark.parametrize("name", ["scale", "gamma"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_regressor_that_divides_by_nothing(tmp_path: Path, name: str, value: float) -> None:
    header, state = parts(valid.regressor())
    refusal(
        tmp_path / "r.safetensors", save({**state, name: torch.full_like(state[name], value)}, header), regressor
    )


def test_a_channel_that_was_the_same_for_all_photos_is_kept(tmp_path: Path) -> None:
    header, state = parts(valid.regressor())
    state["scale"][1] = torch.inf
    (tmp_path / "r.safetensors").write_bytes(save(state, header))
    fitted = SearchTimeRegressor.load(tmp_path / "r.safetensors", "backbone", "weights")
    assert np.isfinite(fitted.predict(np.ones((2, 3)))).all()
    with pytest.raises(WeightsError, match=r"fitted on 3 channels of backbone, .* have 4"):
        fitted.predict(np.ones((2, 4)))


def test_a_classifier_without_its_patches(tmp_path: Path) -> None:
    _, state = parts(valid.classifier())
    said = refusal(tmp_path / "c.safetensors", save(state, {"format": CLASSIFIER_FORMAT}), classifier)
    assert "an unknown number of pixels, but this run has 16" in said


@pytest.mark.parametrize("state", [[], {1: torch.ones(1)}, {"a": torch.tensor(torch.nan)}, {"a": 1}, None], ids=str)
def test_weights_of_a_backbone_that_are_none(tmp_path: Path, state: object) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    assert "not a readable state dict" in refusal(tmp_path / "w.pth", buffer.getvalue(), read_state_dict)


WHOLE = json.loads(valid.manifest())
RECORDS: dict[str, Any] = {
    "a list": [],
    "nothing": None,
    **{f"without {name}": {**WHOLE, name: REMOVED} for name in ("key", "device", "seconds", "files", "git")},
    "endless": {**WHOLE, "seconds": float("inf")},
    "longer than any number": {**WHOLE, "seconds": 10**400},
    "of a key that is none": {**WHOLE, "key": 3},
    "of a commit that is none": {**WHOLE, "git": 3},
    "of a list of files": {**WHOLE, "files": ["v.npy"]},
    "outside of its folder": {**WHOLE, "files": {"../v.npy": {}}},
    "with a name of no letters": {**WHOLE, "files": {"": {}}},
    "with its own folder": {**WHOLE, "files": {".": {}}},
    "with the folder above": {**WHOLE, "files": {"..": {}}},
    "with a name that no file can have": {**WHOLE, "files": {"\0": {}}},
    "with a name that is no text": {**WHOLE, "files": {"\ud800": {}}},
    "with a name that is too long": {**WHOLE, "files": {"x" * 300: {}}},
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_a_manifest_that_is_none(tmp_path: Path, record: Any) -> None:
    if isinstance(record, dict):
        record = {name: value for name, value in record.items() if value is not REMOVED}
    (tmp_path / MANIFEST).write_text(json.dumps(record))
    with pytest.raises(StorageError, match=r"manifest\.json: not a valid manifest of an artifact \(.+\)\. Del"):
        _read_manifest(tmp_path)


SPLIT = json.loads(valid.split())


@pytest.mark.parametrize(
    "stored",
    [
        *(
            [],
            None,
            {},
            {**SPLIT, "hash": None},
            {**SPLIT, "seed": "3"},
            {**SPLIT, "seed": 3.0},
            {**SPLIT, "more": []},
        ),
        *(
            {**SPLIT, "members": "train/0"},
            {**SPLIT, "members": [1]},
            {**SPLIT, "members": {"a": 1}},
            {"hash": "x"},
        ),
    ],
    ids=str,
)
def test_a_split_that_is_none(stored: Any) -> None:
    with pytest.raises(DataError, match=r"a stored split.* Remove the file, and it is made again\."):
        Split.from_json(json.dumps(stored))


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[" * 10**5, '{"hash": ' + "1" * 5000 + "}"], ids=ascii)
def test_a_split_that_is_no_json(text: str | bytes) -> None:
    with pytest.raises(DataError, match=r"a stored split: expected JSON of four lists of ids"):
        Split.from_json(text)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Callable[[Path], None]]:
    return valid.resume_point(tmp_path_factory.mktemp("training"))


def resumed(training: tuple[bytes, Callable[[Path], None]], content: bytes, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    (folder / RESUME_FILE).write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        training[1](folder)
    assert str(folder / RESUME_FILE) in str(caught.value) and "Move the file away" in str(caught.value)
    assert (folder / RESUME_FILE).read_bytes() == content
    return str(caught.value)


def test_a_resume_point_of_which_a_bit_was_turned_over(training: Any, tmp_path: Path) -> None:
    content, train = training
    (tmp_path / RESUME_FILE).write_bytes(content)
    train(tmp_path)
    # In the middle of the weights, which torch reads without a second look.
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        weights = [entry for entry in archive.infolist() if "/data/" in entry.filename]
        largest = max(weights, key=lambda entry: entry.file_size)
        place = content.index(archive.read(largest)) + largest.file_size // 2
    damaged = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    torch.load(io.BytesIO(damaged), weights_only=True)
    assert "is damaged" in resumed(training, damaged, tmp_path)


def test_a_resume_point_that_does_not_fit_the_training(training: Any, tmp_path: Path) -> None:
    def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
        checkpoint = torch.load(io.BytesIO(training[0]), weights_only=True)
        change(checkpoint)
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        return buffer.getvalue()

    name = "generator.encoder.0.0.weight"
    refusals = {
        "does not fit this training": [
            lambda c: c["state_dict"].pop(name),
            lambda c: c["state_dict"].update({name: torch.zeros(3)}),
            lambda c: c["optimizer_states"][0].pop("param_groups"),
            lambda c: c["optimizer_states"].reverse(),
        ],
        "not a checkpoint that this package wrote": [
            lambda c: c["callbacks"]["RecordLosses"].update(rows=[]),
            lambda c: c["callbacks"]["RecordLosses"]["rows"][0].update(l1="["),
            lambda c: c["callbacks"]["RecordLosses"].pop("rows"),
            lambda c: c["callbacks"]["ResumePoint"].update(stamp=3),
            lambda c: c.update(optimizer_states=[]),
            lambda c: c.update(epoch=10**12),
            lambda c: c.pop("optimizer_states"),
            lambda c: c.pop("loops"),
            lambda c: c["loops"].update(fit_loop={}),
            lambda c: c.update(state_dict={}),
            lambda c: c.update(callbacks=[]),
        ],
        "of other pairs": [lambda c: c["callbacks"]["ResumePoint"].update(stamp="0" * 64)],
    }
    for message, changes in refusals.items():
        for change in changes:
            assert message in resumed(training, changed(change), tmp_path)
