"""The command line's mistakes: each ends before any work, in one message that names key, value and choices."""

import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module

from mia_exp.compose import typed_config, validate
from mia_exp.config import Config, DifficultyConfig, OpenMojiDataset, QueryMode
from mia_exp.errors import ConfigError

EXPERIMENTS = sorted(path.stem for path in (Path(__file__).parents[1] / "mia_exp/conf/experiment").glob("*.yaml"))


def composed(*overrides: str) -> Config:
    with initialize_config_module("mia_exp.conf", version_base="1.3"):
        return typed_config(compose("config", list(overrides)))


def test_defaults_are_typed() -> None:
    config = composed("query.mode=stochastic", "seed=3")
    assert isinstance(config.dataset, OpenMojiDataset)
    assert config.query.mode is QueryMode.stochastic
    # One seed reaches every part that has none of its own.
    seeds = (config.split.seed, config.victim.seed, config.query.seed, config.attack.difficulty.seed)
    assert {*seeds, config.evaluation.seed} == {3}


def test_yaml_defaults_are_the_schemas_defaults() -> None:
    config = composed()
    assert config.attack.difficulty == DifficultyConfig()
    assert config.victim == type(config.victim)()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "attack.alfa=1",
            r"attack\.alfa: there is no such setting\. Did you mean alpha\?.*kind, alpha, difficulty",
        ),
        ("+attack.foo=1", r"attack\.foo: there is no such setting\. .*alpha"),
        ("+attack.difficulty.foo=1", r"attack\.difficulty\.foo: there is no such setting\. .*fitted_share"),
        ("+foo=1", r"foo: there is no such setting"),
        ("atack=ours", r"atack: there is no such setting\. Did you mean attack\?"),
        ("dataset=facadez", r"dataset=facadez: there is no such choice\. Did you mean facades\?.*openmoji\.$"),
        ("victim=", r"victim=: there is no such choice\. Choices: pix2pix"),
        ("~attack", r"attack: a choice is needed"),
        ("dataset=facades dataset.photo_side=up", r"dataset\.photo_side=up: .*left, right"),
        ("query.mode=train", r"query\.mode=train: .*eval, stochastic"),
        ("victim.ngf=wide", r"victim\.ngf=wide: .*Integer"),
        ("victim.image_size=100", r"victim\.image_size=100: .*64, 128, 256, 512"),
        ("victim.checkpoint_epochs=[300]", r"victim\.checkpoint_epochs=\[300\].*1\.\.200"),
        ("attack.difficulty.fitted_share=1.5", r"attack\.difficulty\.fitted_share=1\.5: .*between 0 and 1"),
        ("attack.difficulty.working_size=50", r"working_size=50: .*multiple of 8"),
        ("seed=-1", r"split\.seed=-1: expected 0 or more"),
        ("trainer.accelerator=tpu", r"trainer\.accelerator=tpu: .*auto, cpu, gpu"),
        ("evaluation.fpr=[2]", r"evaluation\.fpr=.*between 0 and 1"),
        ("dataset.kind=zip", r"dataset\.kind=zip: expected one of openmoji, side_by_side, folder"),
        ("dry_run=maybe", r"dry_run='maybe': expected a value of type bool"),
        ("split.n_members=???", r"split\.n_members: a value is needed"),
        ("-m attack.alpha=0,1,x", r"attack\.alpha=x: .*Float"),
        ("experiment=dem", r"experiment=dem: there is no such choice\. Did you mean demo\?"),
    ],
)
def test_a_mistake_is_named(words: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        validate(words.split())
    assert re.search(message, str(raised.value)), str(raised.value)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes(experiment: str) -> None:
    validate([f"experiment={experiment}"])


def test_options_and_sweeps_are_no_mistakes() -> None:
    validate(["--cfg", "-m", "attack.alpha=0,0.5,1", "seed=range(3)", "dataset=facades,openmoji"])
