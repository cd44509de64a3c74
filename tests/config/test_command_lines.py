"""Unusual command lines: each is accepted, or ends with one line that names the mistake."""

import pytest

from mia_exp.config.command_line import read_command
from mia_exp.config.components import groups, settings_groups
from mia_exp.core.errors import MiaError

GROUPS = [*groups(), "scale", "experiment"]
NODES = [name for name in settings_groups() if name not in GROUPS]
NO_CHOICES = ["null", "[]", "{}", "{kind:ours}", "3", "'a b'", "", "???"]

# What Hydra gives a meaning, or means to.
ODD = """
hydra=null
hydra.run=null
hydra.run.dir=null
hydra.run.dir=[]
hydra.run.dir=
hydra.run.dir=${nothing}
hydra.run.dir=${oc.env:NOT_SET_AT_ALL}
hydra.run.dir=${now:}
hydra.sweep.dir=null -m
hydra.sweep.subdir=null -m
hydra.sweep.subdir=${nothing} -m
hydra.sweeper=null -m
hydra.sweeper.params=3 -m
hydra.sweeper.params={} -m
+hydra.sweeper.params.x=1 -m
+hydra.sweeper.params={attack.alpha:} -m
+hydra.sweeper.params={nothing:'1,2'} -m
hydra.mode=null
hydra.mode=sideways
hydra.mode=MULTIRUN
hydra.mode=RUN -m
hydra.launcher=null
hydra.launcher=3
hydra.launcher._target_=null
hydra.launcher._target_=os.system
hydra.launcher._target_=hydra_plugins
hydra.launcher._target_=hydra_plugins.
hydra.launcher._target_=[]
~hydra.launcher
~hydra
hydra/launcher=null
hydra/launcher=[]
hydra/sweeper=none
hydra/sweeper=null
hydra/job_logging=null
hydra/output=null
hydra/nothing=x
hydra.verbose=true
hydra.verbose=[a,b]
hydra.searchpath=[pkg://nothing]
hydra.searchpath=[file://nothing]
hydra.searchpath=[3]
hydra.searchpath=3
hydra.searchpath=null
hydra.job.name=null
hydra.job.num=x
hydra.job.chdir=maybe
hydra.job.config=null
hydra.job.env_copy=[NOT_SET_AT_ALL]
hydra.job.env_set={a:1}
hydra.callbacks=3
hydra.callbacks={a:{_target_:os.system}}
hydra.output_subdir=.hydra
hydra.runtime=null
hydra.help=null
hydra.nothing=1
+hydra.nothing=1
~name
~seed
~dry_run
~attack.alpha
~attack.kind
~attack.kind=ours
~attack=ours
~attack=reconstruction
~attack@shadow
~nothing
~dataset.name
~query
~query.mode
~evaluation.fpr
~
~=
~~attack
+attack=ours
+attack=reconstruction
++attack=reconstruction
+victim.foo=1
++victim.foo=1
++attack.alpha=1
+attack.alpha=1
+name=x
+
++
+=1
=
=1
-m=
x
attack
attack.alpha
attack.
attack.=1
.alpha=1
attack..alpha=1
attack.alpha.x=1
attack.alpha[0]=1
attack[alpha]=1
attack@=ours
attack@x=ours
attack@x:y=ours
dataset@shadow.dataset=null
dataset@shadow.dataset=[]
dataset@shadow.dataset={}
dataset@shadow.dataset=nothing
dataset@shadow=folder
dataset@=folder
dataset@_global_=folder
shadow.dataset=3
shadow.dataset=[]
shadow.dataset={}
shadow.dataset={kind:folder}
shadow.dataset={kind:[]}
shadow.dataset={kind:{}}
attack=${victim}
attack=${attack}
attack.alpha=${x}
attack.alpha=${attack.alpha}
attack.alpha=${attack}
attack.alpha=${seed}
attack.alpha=${
attack.alpha=$
attack.alpha=}
attack.alpha=${oc.env:NOT_SET_AT_ALL}
attack.alpha=${oc.decode:nothing}
attack.alpha=${oc.nothing:x}
attack.alpha=${nothing:x}
attack.alpha=${now:%Y}
attack.alpha=${hydra:job.num}
attack.alpha=${hydra:nothing}
name=${name}
name=${seed}
seed=${seed}
scale=${scale}
experiment=[demo]
experiment=[demo,facades64]
experiment=demo,facades64
experiment=../experiment/demo
experiment=/etc/passwd
experiment=demo.yaml
experiment=null
attack.alpha=[
attack.alpha=]
attack.alpha={
attack.alpha=(
attack.alpha="
attack.alpha='
attack.alpha="1
attack.alpha='1
attack.alpha=1'
attack.alpha=\\
attack.alpha=\\'
attack.alpha=1,
attack.alpha=,1
attack.alpha=,
attack.alpha=1,2
attack.alpha=1,,2
attack.alpha= -m
attack.alpha=, -m
attack.alpha=1, -m
attack.alpha=1,x -m
attack.alpha=choice() -m
attack.alpha=choice(1) -m
attack.alpha=choice(1,choice(2)) -m
attack.alpha=range() -m
attack.alpha=range(0) -m
attack.alpha=range(0,1,0) -m
attack.alpha=range(0,1,0)
attack.alpha=range(a) -m
attack.alpha=range(0,1e9) -m
attack.alpha=range(0,inf) -m
attack.alpha=range(nan) -m
attack.alpha=interval(0,1) -m
attack.alpha=interval(0,1)
attack.alpha=glob(*) -m
attack.alpha=tag(1) -m
attack.alpha=sort(2,1) -m
attack.alpha=shuffle(1,2) -m
attack.alpha=int(x) -m
attack.alpha=float(inf) -m
attack.alpha=nothing(1) -m
attack.alpha=extend_list(1)
evaluation.fpr=extend_list(0.1)
evaluation.fpr=extend_list(x)
evaluation.fpr=[]
evaluation.fpr=[[0.1]]
evaluation.fpr=[null]
attack=glob(*) -m
attack=glob([]) -m
attack=glob(nothing*) -m
attack=glob(o*)
attack=choice(ours,nothing) -m
attack=ours,nothing -m
victim=none,pix2pix -m
-m
-m -m
-x
--nothing
--config-name
--config-name=x
--config-path=x
--config-dir
--config-dir=
--config-dir=nowhere
--cfg
--cfg=nothing
--cfg=job
--info
--info=nothing
--package
--package=nothing --cfg=job
--resolve
--experimental-rerun=x
--shell-completion
--run
--hydra-help
--help
--
-- attack.alpha=1
name=[/red]
name='[/red]'
name=[red]
name=é
name='é'
name="🙂"
name=🙂
name=a\u202eb
name='a\nb'
name="a\\tb"
name='\x1b[31m'
name='\x00'
name=..
name=.
name=../..
name=a/b
name=/
name=''
name=' '
name=null
name=1
name=true
name={long}
output_dir=
output_dir=''
output_dir=' '
output_dir=null
output_dir=3
output_dir=[a]
output_dir='\x00'
data_dir=
scale=nothing
scale=../x
seed=-1
seed=1.5
seed=1e3
seed=18446744073709551616
seed=99999999999999999999999999999999999999999
seed=0x10
seed=1_000
seed=null
seed=true
seed=inf
dry_run=1
dry_run=null
dry_run=yes
victim.ngf=100000000
victim.ngf=9223372036854775808
victim.image_size=1e400
victim.checkpoint_epochs=3
victim.checkpoint_epochs=[1.5]
victim.checkpoint_epochs={a:1}
victim.checkpoint_epochs=[99999999999999999999]
dataset.kind=[]
dataset.kind={}
dataset.kind=null
dataset.palette=3 dataset=folder
dataset.palette=[3] dataset=folder
dataset.palette=[[]] dataset=folder
dataset.palette=[[1,2,x]] dataset=folder
dataset.palette=[[1,2,null]] dataset=folder
dataset.palette=[null] dataset=folder
dataset.partition_sizes=3 dataset=facades
dataset.partition_sizes=[] dataset=facades
dataset.partition_sizes={a:x} dataset=facades
dataset.partition_sizes={1:2} dataset=facades
dataset.partition_sizes={null:2} dataset=facades
attack.kinds=[] attack=augmented
attack.kinds=flip attack=augmented
attack.kinds=[3] attack=augmented
attack.kinds=[[flip]] attack=augmented
attack.classifier=null attack=shadow split.n_shadow=100
attack.classifier=[] attack=shadow split.n_shadow=100
attack.classifier=3 attack=shadow split.n_shadow=100
attack.classifier={} attack=shadow split.n_shadow=100
attack.classifier.nothing=1 attack=shadow split.n_shadow=100
+attack.classifier.nothing=1 attack=shadow split.n_shadow=100
"""
LINES = [
    *(line.replace("{long}", 300 * "a").split(" ") for line in ODD.strip().split("\n")),
    *([f"{group}={value}"] for group in GROUPS for value in NO_CHOICES),
    *([f"{name}={value}"] for name in NODES for value in ("null", "[]", "3", "{x:1}")),
    ["name=a\nb"],
    ["attack.alpha=1\n"],
    ["\n"],
    [""],
    ["name='\udcff'"],
    ["\udcff"],
    ["name=" + "[" * 2000],
    ["name=" + "${" * 500 + "x" + "}" * 500],
]


def printed(words: list[str]) -> str:
    """The error of a command line; empty if it is accepted."""
    try:
        read_command(words)
    except MiaError as error:
        return str(error)
    return ""


# Hydra's own warnings, such as for a missing folder, are not errors.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("words", LINES)
def test_it_is_accepted_or_ends_with_one_line(words: list[str]) -> None:
    answer = printed(words)
    assert len(answer.splitlines()) <= 1 and len(answer) < 800, answer
    assert answer.isprintable()


REFUSED = [
    ("attack.alpha=0,1", "attack.alpha=0,1: several values for a single run. Add -m "),
    ("attack.alpha=range(0,1,0)", "attack.alpha=range(0,1,0): not a list of values "),
    ("-m attack.alpha=range(0,1e9)", "this sweep has more than 10000 jobs"),
    ("victim=null", "victim=null: expected one of the choices of the group victim: none, pix2pix, "),
    ("+hydra.callbacks.mine._target_=os.system", "hydra.callbacks: not allowed"),
    ("+hydra.job_logging.handlers.mine.class=os.system", "hydra.job_logging: not allowed"),
    ("dataset._target_=[]", "dataset._target_=[]: expected the path of a class"),
    ("name=../..", "name=../..: expected the name of one folder"),
    ("name=a/b", "name=a/b: expected the name of one folder"),
    ("name=..", "name=..: expected the name of one folder"),
    ("name=''", "name: expected the name of a folder, found an empty value"),
    (f"name={300 * 'a'}", "name=aaaaaaaaaaaaaaaaaaaa...: expected at most 200 bytes, found 300"),
    ("output_dir=", "output_dir: expected a folder, found an empty value"),
    ("hydra.run.dir=", "hydra.run.dir: expected a folder, found an empty value"),
    ("hydra.launcher=3", "hydra.launcher: expected hydra/launcher=CHOICE"),
    ("attack.alpha=${nothing}", "attack.alpha: Interpolation key 'nothing' not found"),
    ("evaluation.fpr=[[0.1]]", "evaluation.fpr=[[0.1]]: "),
    ("dataset=folder dataset.palette=[3]", "dataset.palette=[3]: "),
    ("dataset=???", "dataset: a choice is needed; set dataset=CHOICE"),
    ("query={x:1}", "query: the value has a key that does not exist"),
    ("hydra.run.dir=null", "hydra.run.dir=null: field 'hydra.run.dir' is not Optional"),
    ("--config-dir=", "--config-dir : expected a folder of configurations, found none"),
    ("victim.ngf=100000000", "victim.ngf=100000000: expected 512 or less, since more takes more memory"),
]


@pytest.mark.parametrize(("words", "answer"), REFUSED)
def test_what_is_wrong_is_named(words: str, answer: str) -> None:
    assert printed(words.split()).startswith(answer)
