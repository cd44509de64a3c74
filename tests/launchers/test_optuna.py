"""Sweeps whose values Optuna chooses: what it is told, what it finds best, and which command lines are refused."""

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mia_exp.config.command_line import read_command
from mia_exp.core.errors import ConfigError
from mia_exp.data import Pool
from mia_exp.data.readers.openmoji import OpenMojiDataset
from mia_exp.sweep import objective
from tests.cli import Outcome, mia_exp, tiny

INSTALLED = importlib.util.find_spec("hydra_plugins.hydra_optuna_sweeper") is not None
pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs pip install 'mia-exp[optuna]'")

OPTUNA = ["-m", "hydra/sweeper=optuna", "attack.alpha=interval(0.0,4.0)"]
# Wide, so that few images are enough for values that differ.
WIDE = "attack.alpha=tag(log,interval(0.001,10.0))"
METRIC = "deltas.l_mem - l_rec.auc"
RESULTS = Path(__file__).parents[2] / "results"


@dataclass(frozen=True)
class Swept:
    """A sweep of four jobs.

    Attributes:
        root: Where it ran.
        folder: Its folder.
        told: What Optuna was told: alpha, and the value.
    """

    root: Path
    folder: Path
    told: list[tuple[float, float]]

    def metrics(self, job: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / str(job) / "metrics.json").read_text())
        return found


def words(folder_dataset: Path, *more: str) -> list[str]:
    return [*OPTUNA[:2], WIDE, *tiny(folder_dataset, "victim.epochs=1", "name=tried"), *more]


@pytest.fixture(scope="module")
def swept(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    import optuna

    root = tmp_path_factory.mktemp("optuna")
    told = []
    tell = optuna.study.Study.tell

    def noted(self: Any, trial: Any, values: Any = None, state: Any = None) -> None:
        told.append((trial.params["attack.alpha"], values[0]))
        tell(self, trial, values, state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optuna.study.Study, "tell", noted)
        outcome = mia_exp(*words(folder_dataset, "hydra.sweeper.n_trials=4", f"objective='{METRIC}'"), cwd=root)
    assert outcome.status == 0, outcome.err
    (folder,) = root.glob("outputs/runs/tried/*")
    return Swept(root, folder, told)


def test_each_job_tells_the_number_that_its_metrics_have(swept: Swept) -> None:
    assert len(swept.told) == 4 and len(list(swept.folder.glob("*/metrics.json"))) == 4
    for job, (alpha, value) in enumerate(swept.told):
        metrics = swept.metrics(job)
        assert value == metrics["deltas"]["l_mem - l_rec"]["auc"]
        assert alpha == metrics["attack"]["alpha"] and 0.001 <= alpha <= 10
    assert len({alpha for alpha, _ in swept.told}) == 4
    assert len({value for _, value in swept.told}) > 1, "values that are all equal would have no best one"


def test_the_best_is_the_largest_of_all(swept: Swept) -> None:
    best = yaml.safe_load((swept.folder / "optimization_results.yaml").read_text())
    found = {
        metrics["attack"]["alpha"]: metrics["deltas"]["l_mem - l_rec"]["auc"]
        for metrics in map(swept.metrics, range(4))
    }
    assert best["best_value"] == max(found.values())
    assert found[best["best_params"]["attack.alpha"]] == max(found.values())


def test_one_victim_serves_all_jobs_and_they_end_in_one_table(swept: Swept) -> None:
    assert len(list(swept.root.glob("outputs/artifacts/victim/*/manifest.json"))) == 1
    table = json.loads((swept.folder / "sweep.json").read_text())
    assert [job["job"] for job in table["jobs"]] == ["0", "1", "2", "3"] and not table["missing"]


def refused(outcome: Outcome, message: str) -> None:
    assert outcome.status == 1 and "Traceback" not in outcome.err
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and re.search(message, errors[0]), outcome.err


def test_a_metric_that_is_not_there_is_named_with_some_that_are(swept: Swept, folder_dataset: Path) -> None:
    more = ("hydra.sweeper.n_trials=2", "objective=attacks.l_mem.auk", "name=misspelt")
    outcome = mia_exp(*words(folder_dataset, *more), cwd=swept.root)
    refused(outcome, r"objective=attacks\.l_mem\.auk: .* no number there; .*attacks\.l_mem\.auc")
    assert not list(swept.root.glob("outputs/runs/misspelt/*/1/metrics.json")), "the first job ends the sweep"


def test_without_an_objective_it_is_the_auc_of_the_attacks_own_column(swept: Swept) -> None:
    metrics = swept.metrics(0)
    assert objective(metrics, "") == metrics["attacks"]["l_mem"]["auc"]
    assert objective({**metrics, "headline": "contrast"}, "") == metrics["blind"]["contrast"]["auc"]


def test_a_rate_is_found_although_its_key_has_a_dot(swept: Swept) -> None:
    metrics = swept.metrics(0)
    metrics["attacks"]["l_mem"]["tpr_at_fpr"]["0.01"] = 0.25
    assert objective(metrics, "attacks.l_mem.tpr_at_fpr.0.01") == 0.25


@pytest.mark.parametrize("path", ["attacks", "name", "attacks.l_mem.tpr_at_fpr.0.001", "blind.contrast.separates"])
def test_what_is_no_number_is_no_objective(swept: Swept, path: str) -> None:
    # Of 12 non-members, no rate at 0.001 can be told.
    with pytest.raises(ConfigError, match=f"objective={re.escape(path)}: "):
        objective(swept.metrics(0), path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("hydra.sweeper.n_trials=0", r"hydra\.sweeper\.n_trials=0: expected a whole number from 1"),
        ("hydra.sweeper.n_trials=2.5", r"hydra\.sweeper\.n_trials=2\.5: expected a whole number"),
        ("hydra.sweeper.n_trials=null", r"hydra\.sweeper\.n_trials=None: expected a whole number"),
        ("hydra.sweeper.n_jobs=0", r"hydra\.sweeper\.n_jobs=0: expected a whole number from 1"),
        ("hydra.sweeper.direction=up", r"hydra\.sweeper\.direction=up: expected maximize or minimize"),
        ("hydra.sweeper.max_failure_rate=2", r"max_failure_rate=2: expected a number between 0 and 1"),
        ("hydra.sweeper.sampler._target_=os.system", r"sampler\._target_=os\.system: expected a sampler of optuna"),
        (
            "hydra.sweeper.sampler._target_=optuna.samplers._base.os.system",
            r"expected a sampler of optuna\.samplers",
        ),
        ("hydra.sweeper.custom_search_space=os.system", r"hydra\.sweeper\.custom_search_space: not allowed"),
        (
            "hydra.sweeper.storage={_target_:os.getcwd}",
            r"hydra\.sweeper\.storage\._target_: not allowed",
        ),
        (
            "+hydra.sweeper.sampler.independent_sampler._target_=os.getcwd",
            r"hydra\.sweeper\.sampler\.independent_sampler\._target_: not allowed",
        ),
        (
            "objective=attacks.l_mum.auc",
            r"attacks\.l_mum\.auc: attack=ours has the columns l_rec, l_mem, l_mem_slope$",
        ),
        ("attack.alpha=interval(4,0)", r"attack\.alpha=interval\(4,0\): expected interval\(LOW,HIGH\)"),
        ("attack.alpha=interval(0,inf)", r"expected interval\(LOW,HIGH\), both finite"),
        ("attack.alpha=tag(log,interval(0,1))", r"both finite, and above 0 for a logarithmic one"),
        ("attack.alpha=interval(a,b)", r"attack\.alpha=interval\(a,b\)"),
        ("attack.alpha=interval(0,nan)", r"expected interval\(LOW,HIGH\)"),
    ],
)
def test_bad_settings_end_before_any_job(more: str, message: str, tmp_path: Path) -> None:
    given = OPTUNA[:2] if more.startswith("attack") else OPTUNA
    refused(mia_exp(*given, more, cwd=tmp_path), message)
    assert not list(tmp_path.iterdir())


def test_both_ends_of_an_interval_are_checked(tmp_path: Path) -> None:
    ok = read_command([*OPTUNA, "hydra.sweeper.n_trials=7"])
    assert [job.config.attack.alpha for job in ok.jobs] == [0, 4]  # type: ignore[attr-defined]
    assert ok.n_jobs == 7 and ok.sweeps
    with pytest.raises(ConfigError, match=r"victim\.beta1=1\.0: "):
        read_command([*OPTUNA[:2], "victim.beta1=interval(0.5,1.0)"])


def test_only_optuna_takes_an_interval() -> None:
    message = r"attack\.alpha=interval\(0\.0,4\.0\): an interval has endless values; .*hydra/sweeper=optuna"
    with pytest.raises(ConfigError, match=message):
        read_command(["-m", OPTUNA[2]])
    with pytest.raises(ConfigError, match=r"several values for a single run\. Add -m"):
        read_command([OPTUNA[2]])


def test_tune_alpha_tunes_on_no_split_that_reported_results_use() -> None:
    command = read_command(["experiment=tune_alpha"])
    demo = read_command(["experiment=demo"]).jobs[0].config
    assert command.sweeps and command.n_jobs == 20
    ours = command.jobs[0].config
    assert ours.objective == "attacks.l_mem.auc"
    assert [job.config.attack.alpha for job in command.jobs] == [0, 4]  # type: ignore[attr-defined]
    # The demo's victim, of another split.
    assert isinstance(ours.dataset, OpenMojiDataset) and ours.dataset == demo.dataset
    assert ours.victim == demo.victim
    reported = "".join(path.read_text() for path in RESULTS.rglob("*.json"))
    pool = Pool(ours.dataset.open(Path()).records(), *ours.dataset.official_partitions())
    # A split's hash is over its ids: that of the demo is found among the results, so that ours would be.
    assert demo.split.draw(pool).hash in reported
    assert ours.split.draw(pool).hash not in reported
