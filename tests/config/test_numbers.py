"""Every number among the settings, found by reflection: no value that nothing can be computed with gets through."""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf, open_dict

from mia_exp.config.components import settings_groups
from mia_exp.config.compose import typed_config
from mia_exp.config.config_source import PRIMARY
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import ConfigError
from tests.discovery import every_class


def fields(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    """All settings of a schema with their types, by their paths."""
    hints = typing.get_type_hints(schema)
    for field in dataclasses.fields(schema):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from fields(hint, f"{path}.{field.name}")
        else:
            yield f"{path}.{field.name}", hint


def settings() -> Iterator[tuple[str, str, Any]]:
    """The words that choose a setting's class, its path and its type."""
    for choice in every_class():
        for path, hint in fields(choice.cls, choice.group):
            yield " ".join(choice.words), path, hint
    for group, cls in settings_groups().items():
        for path, hint in fields(cls, group):
            yield "", path, hint


def holding(hint: Any, number: object) -> object | None:
    """A value of a type's shape that holds a number; None where the type has none."""
    if hint in (int, float):
        return number
    arguments = [argument for argument in typing.get_args(hint) if argument is not type(None)]
    inner = next((made for argument in arguments if (made := holding(argument, number)) is not None), None)
    if inner is None or typing.get_origin(hint) not in (list, dict):
        return inner
    return [inner] if typing.get_origin(hint) is list else {"train": inner}


NUMBERS = sorted({(words, path) for words, path, hint in settings() if holding(hint, 1.5) is not None})
SHAPES = {(words, path): hint for words, path, hint in settings()}
SEEDS = [(words, path) for words, path in NUMBERS if path.endswith(".seed")]
_composed: dict[str, DictConfig] = {}


def refusal(words: str, path: str, value: object) -> str:
    """The error of a value of a setting when it is composed."""
    if words not in _composed:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            _composed[words] = compose(PRIMARY, words.split())
    config = _composed[words].copy()
    with open_dict(config):
        OmegaConf.update(config, path, value, merge=False)
    with pytest.raises(ConfigError) as raised:
        typed_config(config)
    return str(raised.value)


def test_there_are_numbers() -> None:
    assert len(NUMBERS) > 70 and len(SEEDS) > 10


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")], ids=str)
@pytest.mark.parametrize(("words", "path"), NUMBERS)
def test_a_number_that_is_not_finite(words: str, path: str, number: float) -> None:
    answer = refusal(words, path, holding(SHAPES[words, path], number))
    assert answer.startswith((f"{path}=", f"{path}[", f"{path}: ", f"{path}.")) and str(number) in answer


@pytest.mark.parametrize("seed", [-1, 2**64, 10**40])
@pytest.mark.parametrize(("words", "path"), SEEDS)
def test_a_seed_out_of_range(words: str, path: str, seed: int) -> None:
    assert refusal(words, path, seed).startswith(f"{path}={seed}: expected 0 or more")


@pytest.mark.parametrize("value", [[1], {"a": 1}, "a b", {}], ids=str)
@pytest.mark.parametrize(
    ("words", "path"), [key for key, hint in SHAPES.items() if typing.get_origin(hint) not in (list, dict)]
)
def test_a_value_of_another_shape(words: str, path: str, value: object) -> None:
    # A text takes any text, and the settings of another dataset are a group of their own.
    hint = SHAPES[words, path]
    if value == "a b" and (hint is str or str in typing.get_args(hint)):
        return
    if typing.get_args(hint) and any(typing.get_origin(part) in (list, dict) for part in typing.get_args(hint)):
        return
    if (path, value) == ("trainer.devices", [1]):  # the second GPU
        return
    answer = refusal(words, path, value)
    assert answer.startswith(path) and answer.isprintable()
