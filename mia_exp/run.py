"""One run: plan, stages, evaluation, report."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from mia_exp.config import Config
from mia_exp.core.component import Component
from mia_exp.core.keys import plain
from mia_exp.core.provenance import git_commit, installed_versions
from mia_exp.core.terminal import plain_console

if TYPE_CHECKING:
    from mia_exp.pipeline import Pipeline

log = logging.getLogger(__name__)


def run(config: Config, folder: Path, draws: bool = True) -> dict[str, Any]:
    """Runs what is not cached, evaluates, and writes the run's folder.

    Args:
        config: The run.
        folder: Holds, at the end, `config.yaml`, `scores.parquet`, `metrics.json` and `run.log`; where it is drawn,
            `figures/` and `report.html`.
        draws: Whether it is drawn at once. It is in any case where the logger shows images.

    Returns:
        The content of `metrics.json`.

    Raises:
        MiaError: An error that the user can fix.
    """
    # Imported here: the learning libraries take seconds to load, which `--help` need not wait for.
    from mia_exp.evaluation.evaluate import evaluate
    from mia_exp.pipeline import Pipeline
    from mia_exp.report.run_folder import write_numbers
    from mia_exp.report.table import print_table
    from mia_exp.training.losses_file import LOSSES_FILE, read_losses
    from mia_exp.victims.logged_errors import logged_errors

    settings = plain(config)
    with config.logger.open(config.name, settings, folder) as tracker:
        pipeline = Pipeline(config, tracker)
        training = None if pipeline.victim is None else pipeline.victim.training
        if pipeline.dataset.hint:
            # Before the work, which may be useless if the warning applies.
            log.warning(pipeline.dataset.hint)
        trained_before = training is not None and pipeline.store.has(training)
        pipeline.run()
        if training is not None and trained_before:
            tracker.replay_losses(read_losses(pipeline.store.get(training) / LOSSES_FILE))

        scores, columns = pipeline.scores, pipeline.columns
        members, nonmembers = pipeline.split_lists.evaluated()
        nearest = pipeline.nearest_members()
        evaluation = evaluate(scores, columns, members, nonmembers, config.evaluation, nearest)
        metrics = {
            **_description(pipeline),
            **evaluation.to_json(),
            "warnings": [*evaluation.warnings, *pipeline.caveats()],
            "columns": {column.name: asdict(column) for column in columns},
            "headline": pipeline.headline,
            "attack_details": dict(pipeline.attack.details(pipeline.evidence)),
            "damage": pipeline.damage_done(),
            "training": None if training is None else logged_errors(pipeline.store.get(training) / LOSSES_FILE),
            "provenance": _provenance(pipeline),
        }
        write_numbers(folder, metrics, scores, nearest)
        tracker.log_results(metrics)
        if draws or tracker.shows_images:
            draw(pipeline, folder)
            tracker.log_figures(folder / "figures")
    print_table(metrics)
    left = folder / ("report.html" if draws else "metrics.json")
    plain_console().print(f"report  {left}", soft_wrap=True)
    return metrics


def draw(pipeline: "Pipeline", folder: Path) -> None:
    """Draws the figures and the page of a run whose stages are made, from the numbers in its folder."""
    from mia_exp.report.run_folder import write_page

    members, nonmembers = pipeline.split_lists.evaluated()
    write_page(folder, members, nonmembers, StoredGallery(pipeline), pipeline.config.dataset.attribution)


def print_plan(config: Config) -> None:
    """Prints the resolved settings and the stages: which are cached, their sizes and expected run times.

    It runs no stage, except those that a matched split depends on. Times are known if the store has stages of the
    same kind from the same device.
    """
    from mia_exp.pipeline import Pipeline
    from mia_exp.pipeline.durations import about, in_all, planned_seconds

    pipeline = Pipeline(config)
    pipeline.dataset.check_sides()
    console = plain_console()
    if pipeline.dataset.hint:
        console.print(pipeline.dataset.hint)
    console.print_json(json.dumps(plain(config)))
    seconds = planned_seconds(list(pipeline.stages.values()), pipeline.store)
    table = Table(title="Plan", title_justify="left")
    for title in ("stage", "state", "takes", "key", "what"):
        table.add_column(title, no_wrap=title in ("state", "takes", "key"))
    for name, stage in pipeline.stages.items():
        cached = pipeline.store.has(stage)
        state = f"cached ({pipeline.store.manifest(stage)['seconds']:.0f} s)" if cached else "to be made"
        table.add_row(name.replace("_", " "), state, about(seconds.get(stage.key)), stage.key[:12], stage.note)
    console.print(table)
    if seconds:
        console.print(f"takes   {in_all(list(seconds.values()))}")
    console.print(f"device  {pipeline.store.device}")
    for sentence in pipeline.to_download():
        console.print(sentence, soft_wrap=True)


@dataclass(frozen=True)
class StoredGallery:
    """Images of a run by id, for its figures: uint8 (N, H, W, 3)."""

    pipeline: "Pipeline"

    def x(self, ids: list[str]) -> np.ndarray:
        """The inputs."""
        store = self.pipeline.pair_store
        return np.asarray(store.x[store.rows(ids)])

    def y(self, ids: list[str]) -> np.ndarray:
        """The targets."""
        store = self.pipeline.pair_store
        return np.asarray(store.y[store.rows(ids)])

    def v(self, ids: list[str]) -> np.ndarray:
        """The victim's outputs, as the attack saw them.

        Raises:
            LookupError: No victim was queried.
        """
        outputs = self.pipeline.outputs
        if outputs is None:
            raise LookupError("no victim was queried, so there are no outputs")
        order = {name: row for row, name in enumerate(outputs.ids)}
        return np.asarray(outputs.values[[order[name] for name in ids]])


def _description(pipeline: "Pipeline") -> dict[str, Any]:
    config, lists = pipeline.config, pipeline.split_lists
    return {
        "schema": 1,
        "name": config.name,
        "scale": config.scale,
        "dataset": config.dataset.name,
        "split": {
            "kind": lists.kind,
            "title": config.split.title,
            "seed": lists.seed,
            "hash": lists.hash,
            "members": len(lists.members),
            "nonmembers": len(lists.nonmembers),
            "shadow_train": len(lists.shadow_train),
            "shadow_test": len(lists.shadow_test),
            **({} if lists.balance is None else {"balance": lists.balance.described()}),
        },
        "victim": _described(config.victim),
        "query": plain(config.query),
        "defense": _described(config.defense),
        "features": {**_described(config.features), "stages": plain(config.features.stages)},
        "difficulty": plain(config.difficulty),
        "attack": _described(config.attack),
        "shadow": plain(config.shadow),
    }


def _described(component: Component) -> dict[str, Any]:
    """A component's settings, and its name on the command line."""
    return {"kind": component.choice, **plain(component)}


def _provenance(pipeline: "Pipeline") -> dict[str, Any]:
    store = pipeline.store
    stages = pipeline.stages
    manifests = {name: store.manifest(stage) for name, stage in stages.items()}
    return {
        "git": git_commit(),
        "keys": {name: stage.key for name, stage in stages.items()},
        "stage_versions": {name: stage.version for name, stage in stages.items()},
        "seconds": {name: manifest["seconds"] for name, manifest in manifests.items()},
        # A cached stage may be from another device and commit.
        "devices": {name: manifest["device"] for name, manifest in manifests.items()},
        "commits": {name: manifest["git"] for name, manifest in manifests.items()},
        "versions": installed_versions(),
        # Where scores are computed; the evaluation is the same everywhere.
        "device": manifests["difficulty"]["device"],
    }
