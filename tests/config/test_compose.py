"""The command line's mistakes: each ends before any work, in one message that names key, value and choices."""

import re
import shlex
import sys

import pytest

from mia_exp.attacks.augmented import Augmented
from mia_exp.attacks.difficulty_settings import DifficultySettings
from mia_exp.attacks.multi_image import MultiImage
from mia_exp.attacks.ours import Ours
from mia_exp.attacks.shadow import Shadow
from mia_exp.attacks.supervised import Supervised
from mia_exp.config import Config
from mia_exp.config.command_line import read_command
from mia_exp.config.compose import compose_run
from mia_exp.core.conf_folder import CONF
from mia_exp.core.errors import ConfigError
from mia_exp.data.readers.celeba import CelebADataset
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.readers.openmoji import OpenMojiDataset
from mia_exp.victims.no_victim import NoVictim
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD
from mia_exp.victims.query_settings import QueryMode

EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


# What is composed, and the schema whose defaults it has.
CHOICES = [
    ("victim=pix2pix", Pix2Pix()),
    ("victim=pix2pixhd", Pix2PixHD()),
    ("attack=difficulty victim=none", NoVictim()),
    ("features=wide_resnet50_2 attack=augmented", Augmented()),
    ("split.n_shadow=100 attack=multi_image", MultiImage()),
    ("split.n_shadow=100 attack=shadow", Shadow()),
    ("attack=supervised", Supervised()),
    ("dataset=folder", FolderDataset()),
    ("dataset=celeba", CelebADataset()),
]


def composed(*overrides: str) -> Config:
    return compose_run(overrides)


def test_defaults_are_typed() -> None:
    config = composed("query.mode=stochastic", "seed=3")
    assert isinstance(config.dataset, OpenMojiDataset)
    assert config.query.mode is QueryMode.stochastic
    # One seed reaches every part that has none of its own.
    seeds = (config.split.seed, config.victim.seed, config.query.seed, config.difficulty.seed)
    assert {*seeds, config.evaluation.seed} == {3}


def test_yaml_defaults_are_the_schemas_defaults() -> None:
    config = composed()
    assert config.difficulty == DifficultySettings()
    assert composed("features=wide_resnet50_2").attack == Ours()
    for group, schema in CHOICES:
        assert getattr(composed(*group.split()), group.split()[-1].partition("=")[0]) == schema


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "attack.alfa=1",
            r"attack\.alfa: there is no such setting\. Did you mean alpha\? Settings here: alpha\.$",
        ),
        ("+attack.foo=1", r"attack\.foo: there is no such setting\. .*alpha"),
        ("+difficulty.foo=1", r"difficulty\.foo: there is no such setting\. .*fitted_share"),
        ("+foo=1", r"foo: there is no such setting"),
        ("atack=ours", r"atack: there is no such setting\. Did you mean attack\?"),
        ("dataset=facadez", r"dataset=facadez: there is no such choice\. Did you mean facades\?.*openmoji\.$"),
        ("-m hydra/launcher=joblibs", r"hydra/launcher=joblibs: there is no such choice\. Did you mean joblib\?"),
        (
            "-m hydra/launcher=joblib hydra.launcher.n_job=3",
            r"hydra\.launcher\.n_job: there is no such setting\. Did you mean n_jobs\?",
        ),
        (
            "hydra.launcher._target_=hydra_plugins.hydra_cloud_launcher.Launcher",
            r"needs hydra-cloud-launcher, which is not installed: pip install 'mia-exp\[cloud\]'",
        ),
        ("victim=", r"victim=: there is no such choice\. Choices: none, pix2pix, pix2pixhd"),
        ("~attack", r"attack: a choice is needed"),
        ("~victim", r"victim: a choice is needed"),
        ("dataset=facades dataset.photo_side=up", r"dataset\.photo_side=up: .*left, right"),
        ("query.mode=train", r"query\.mode=train: .*eval, stochastic"),
        ("victim.ngf=wide", r"victim\.ngf=wide: .*Integer"),
        ("victim.image_size=100", r"victim\.image_size=100: .*64, 128, 256, 512"),
        ("victim.checkpoint_epochs=[300]", r"victim\.checkpoint_epochs=\[300\].*1\.\.200"),
        ("difficulty.fitted_share=1.5", r"difficulty\.fitted_share=1\.5: .*between 0 and 1"),
        ("difficulty.image_size=8", r"difficulty\.image_size=8: expected 16 or more, or null"),
        ("difficulty.image_size=4096", r"difficulty\.image_size=4096: expected 2048 or less"),
        ("difficulty.working_size=50", r"working_size=50: .*multiple of 8"),
        ("seed=-1", r"split\.seed=-1: expected 0 or more"),
        ("trainer.accelerator=tpu", r"trainer\.accelerator=tpu: .*auto, cpu, gpu"),
        ("evaluation.fpr=[2]", r"evaluation\.fpr=.*between 0 and 1"),
        ("+dataset.kind=zip", r"dataset\.kind: there is no such setting"),
        (
            "dataset._target_=os.system",
            r"dataset\._target_=os\.system: a configuration may only name classes of mia_exp",
        ),
        ("dataset._target_=mia_exp.data.readers.zip.Zip", r"there is no module mia_exp\.data\.readers\.zip"),
        ("dataset._target_=mia_exp.data.Zip", r"mia_exp\.data has no Zip"),
        (
            "dataset._target_=mia_exp.attacks.ours.Ours",
            r"expected a subclass of mia_exp\.data\.pair_source\.Dataset",
        ),
        ("dataset._target_=[]", r"dataset\._target_=\[\]: expected the path of a class"),
        ("~dataset._target_", r"dataset: expected a class, dataset\._target_, found none"),
        ("dry_run=maybe", r"dry_run='maybe': expected a value of type bool"),
        ("split.n_members=???", r"split\.n_members: a value is needed"),
        ("-m attack.alpha=0,1,x", r"attack\.alpha=x: .*Float"),
        ("query.epoch=1", r"query\.epoch=1: .*victim\.checkpoint_epochs"),
        ("attack=multi_image", r"split\.n_shadow=0: attack=multi_image .*100 pairs.*split\.n_shadow=100"),
        ("attack=shadow split.n_shadow=99", r"split\.n_shadow=99: attack=shadow"),
        ("attack=shadow shadow.n_pairs=1", r"shadow\.n_pairs=1: expected 2 or more"),
        (
            "attack=shadow split.n_shadow=100 attack.classifier.validation_share=1",
            r"attack\.classifier\.validation_share=1\.0: expected a share above 0 and below 1",
        ),
        (
            "attack=shadow split.n_shadow=100 attack.classifier.patience=0",
            r"attack\.classifier\.patience=0: expected 1 or more",
        ),
        (
            "attack=shadow split.n_shadow=100 attack.classifier.patch_size=300",
            r"attack\.classifier\.patch_size=300: larger than the images, victim\.image_size=256",
        ),
        ("attack=augmented attack.kinds=[turn]", r"attack\.kinds=\['turn'\]: .*flip, crop"),
        ("attack=augmented attack.variants=0", r"attack\.variants=0: expected 1 or more"),
        (
            "attack=augmented attack.kinds=[flip] attack.load_ratio=1.125",
            r"attack\.load_ratio=1\.125: .* found 288 pixels, .*; it answers only 256 pixels",
        ),
        (
            "-m attack=augmented victim=pix2pixhd attack.kinds=[flip] attack.load_ratio=1.125,1.01",
            r"attack\.load_ratio=1\.01: .* multiples of 16 pixels from 32 to 2048",
        ),
        (
            "attack=augmented attack.load_ratio=0",
            r"attack\.load_ratio=0\.0: expected a ratio above 0, and 8 or less",
        ),
        ("attack=augmented attack.crop_ratio=nan", r"attack\.crop_ratio=nan: expected a ratio above 0"),
        (
            "attack=augmented attack.kinds=[flip] attack.crop_ratio=0.9",
            r"attack\.crop_ratio=0\.9: attack\.kinds=\['flip'\] crops nothing; add crop",
        ),
        ("attack=supervised attack.nu=2", r"attack\.nu=2.0: expected a share"),
        ("defense=gauss defense.sigma=-0.1", r"defense\.sigma=-0\.1: .*0 or more"),
        ("+defense.sigma=0.1", r"defense\.sigma: there is no such setting\. defense=gauss has it\."),
        ("victim=none", r"attack=ours: it queries the victim, but victim=none"),
        ("dataset=imagenet", r"victim=pix2pix: dataset=imagenet has no inputs.*victim=none"),
        ("attack=difficulty defense=gauss", r"defense=gauss: attack=difficulty does not query the victim"),
        ("victim=pix2pixhd victim.perceptual=alexnet", r"victim\.perceptual=alexnet: .*vgg19"),
        ("victim=pix2pixhd victim.image_size=80", r"victim\.image_size=80: expected a multiple of 32"),
        ("victim=pix2pixhd victim.discriminator_scales=4", r"discriminator_scales=4: expected 2 or 3"),
        ("dataset=folder dataset.palette=[[0,0,256]]", r"dataset\.palette: .*not colours"),
        ("dataset=folder dataset.palette=[[0,0,0]] dataset.index_classes=3", r"set one"),
        ("dataset@shadow.dataset=bdd100k shadow.dataset.rot=x", r"shadow\.dataset\.rot: there is no such"),
        ("+dataset@shadow.dataset=bdd", r"dataset=bdd: there is no such choice|bdd.*Choices"),
        ("experiment=dem", r"experiment=dem: there is no such choice\. Did you mean demo\?"),
    ],
)
def test_a_mistake_is_named(words: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_command(words.split())
    assert re.search(message, str(raised.value)), str(raised.value)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes(experiment: str) -> None:
    # One seed and one split: the other jobs of a sweep differ from these in single values.
    config = read_command([f"experiment={experiment}", "seed=0", "split=random"]).jobs[0].config
    # The paper's items have the size of two cores until somebody says scale=paper.
    if "override /scale: cpu" in (CONF / "experiment" / f"{experiment}.yaml").read_text():
        assert (config.scale, config.victim.image_size) == ("cpu", 64)


def test_options_and_sweeps_are_no_mistakes() -> None:
    read_command(["--cfg", "job", "-m", "attack.alpha=0,0.5,1", "seed=range(3)", "dataset=facades,openmoji"])


def test_a_sweeper_whose_plugin_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    # To the import system, a package that cannot be found.
    monkeypatch.setitem(sys.modules, "hydra_plugins.hydra_optuna_sweeper", None)
    message = r"hydra/sweeper: this sweeper needs hydra-optuna-sweeper, .* pip install 'mia-exp\[optuna\]'$"
    for words in (["-m", "hydra/sweeper=optuna"], ["experiment=tune_alpha"]):
        with pytest.raises(ConfigError, match=message):
            read_command(words)


@pytest.mark.parametrize(
    "words", ["+hydra.launcher.mine._target_=os.getcwd", "+hydra.sweeper.mine={a:[{_target_:x.y}]}"]
)
def test_a_class_inside_hydras_settings_is_refused(words: str) -> None:
    with pytest.raises(
        ConfigError, match=r"hydra\.\w+\.mine.*_target_: not allowed, since the class .* would be run"
    ):
        read_command(["-m", words])


@pytest.mark.parametrize(
    "command",
    [
        "attack.alpha=0,0.5,1 seed=1,2",
        "attack.alpha=0,0.5 attack.alpha=1",
        "attack=ours,reconstruction victim.ngf=8,16",
        "dataset=folder dataset.palette=[[0,0,0]],[[1,1,1],[2,2,2]] victim.ngf=8,16",
        "dataset=folder dataset.root=null,'\"a, b\"','${output_dir}' split.n_members=4,5",
        "dataset=facades 'dataset.partition_sizes={train:1},{val:2}'",
        "experiment=facades64,demo victim.epochs=3,4",
        "experiment=fig12 victim.ngf=8,16",
    ],
)
def test_each_job_of_a_sweep_has_the_settings_of_its_own_words(command):
    for job in read_command(["-m", *shlex.split(command)]).jobs:
        assert job.config == compose_run(job.overrides), job.overrides
