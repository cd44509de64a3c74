"""One run: plan, stages, evaluation, report."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from mia_exp.artifacts import git_commit, installed_versions, plain
from mia_exp.config import Config
from mia_exp.tracking import tracking

if TYPE_CHECKING:
    from mia_exp.pipeline import Pipeline

log = logging.getLogger(__name__)

COMPARED = [("l_mem", "l_rec")]


def run(config: Config, folder: Path) -> dict[str, Any]:
    """Runs what is not cached, evaluates, and writes the run's folder.

    Args:
        config: The run.
        folder: Holds, at the end, `config.yaml`, `scores.parquet`, `metrics.json`, `figures/`, `report.html`
            and `run.log`.

    Returns:
        The content of `metrics.json`.

    Raises:
        MiaError: Something that the person who started the run can mend.
    """
    # Imported here: the learning libraries take seconds to load, which `--help` need not wait for.
    from mia_exp.evaluation import evaluate
    from mia_exp.pipeline import Pipeline
    from mia_exp.report import print_table, write_report
    from mia_exp.victims.training import LOSSES_FILE

    settings = plain(config)
    with tracking(config.logger, config.name, settings, folder) as tracker:
        pipeline = Pipeline(config, tracker.lightning)
        _warn_of_other_alpha(config)
        trained_before = config.victim.weights is None and pipeline.store.has(pipeline.victim)
        pipeline.run()
        if trained_before:
            tracker.replay_losses(pipeline.store.get(pipeline.victim) / LOSSES_FILE)

        scores = pipeline.scores()
        members, nonmembers = pipeline.split_lists.evaluated()
        evaluation = evaluate(
            scores[["id", "l_rec", "l_mem"]],
            pipeline.blind_columns(),
            members,
            nonmembers,
            config.evaluation,
            COMPARED,
        )
        metrics = {**_description(pipeline), **evaluation.to_json(), "provenance": _provenance(pipeline)}
        write_report(
            folder,
            metrics=metrics,
            scores=scores,
            members=members,
            nonmembers=nonmembers,
            gallery=Gallery(pipeline),
            attribution=pipeline.attribution,
        )
        tracker.log_results(metrics)
        tracker.log_figures(folder / "figures")
    print_table(metrics)
    Console().print(f"report  {folder / 'report.html'}", soft_wrap=True, highlight=False)
    return metrics


def print_plan(config: Config) -> None:
    """Prints the resolved settings, the stages, what is cached and how large they are; computes nothing."""
    from mia_exp.pipeline import Pipeline

    pipeline = Pipeline(config)
    console = Console()
    console.print_json(json.dumps(plain(config)))
    table = Table("stage", "state", "key", "what", title="Plan", title_justify="left")
    for stage in pipeline.stages:
        cached = pipeline.store.has(stage)
        state = f"cached ({pipeline.store.manifest(stage)['seconds']:.0f} s)" if cached else "to be made"
        table.add_row(stage.name, state, stage.key[:12], stage.note)
    console.print(table)
    console.print(f"device  {pipeline.store.device}", highlight=False)


@dataclass(frozen=True)
class Gallery:
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
        """The victim's answers."""
        order = {name: row for row, name in enumerate(self.pipeline.ids)}
        return np.asarray(self.pipeline.answers[[order[name] for name in ids]])


def _description(pipeline: "Pipeline") -> dict[str, Any]:
    config, lists = pipeline.config, pipeline.split_lists
    return {
        "schema": 1,
        "name": config.name,
        "dataset": config.dataset.name,
        "split": {
            "kind": lists.kind,
            "seed": lists.seed,
            "hash": lists.hash,
            "members": len(lists.members),
            "nonmembers": len(lists.nonmembers),
            "shadow_train": len(lists.shadow_train),
            "shadow_test": len(lists.shadow_test),
        },
        "victim": plain(config.victim),
        "query": plain(config.query),
        "features": plain(config.features),
        "attack": plain(config.attack),
    }


def _provenance(pipeline: "Pipeline") -> dict[str, Any]:
    store = pipeline.store
    stages = {_label(stage, pipeline): stage for stage in pipeline.stages}
    manifests = {label: store.manifest(stage) for label, stage in stages.items()}
    return {
        "git": git_commit(),
        "keys": {label: stage.key for label, stage in stages.items()},
        "seconds": {label: manifest["seconds"] for label, manifest in manifests.items()},
        # A cached stage may have been made elsewhere, by another commit.
        "devices": {label: manifest["device"] for label, manifest in manifests.items()},
        "commits": {label: manifest["git"] for label, manifest in manifests.items()},
        "versions": installed_versions(),
        "device": store.device,
    }


def _label(stage: Any, pipeline: "Pipeline") -> str:
    return "training_pairs" if stage.key != pipeline.pairs.key and stage.name == "pairs" else str(stage.name)


def _warn_of_other_alpha(config: Config) -> None:
    if config.features.backbone != "wide_resnet50_2" and config.attack.alpha == 0.5:
        log.info(
            "attack.alpha=0.5 is the paper's, for wide_resnet50_2 features; with %s the best alpha may differ",
            config.features.backbone,
        )
