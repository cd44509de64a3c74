"""Estimates of the run time of a plan's stages, from earlier stages of the same kind on this machine.

A stage's kind is what its speed depends on: its settings except those that change only the amount of work or the
resulting numbers, the size of its pairs, and its networks. Seconds and work are summed over the artifacts in the
store of the same kind and device; their ratio, times the planned work, is the estimate.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia_exp.core.artifacts import MANIFEST, ArtifactStore, Stage
from mia_exp.core.keys import canonical_json, plain
from mia_exp.core.progress import duration

# Settings that do not change the time per step or image.
EXCLUDED_SETTINGS = {
    "seed",
    # The amount of work, which `work` gives.
    "ids",
    "others",
    "own",
    "held_out",
    "training_set",
    "epochs",
    "decay_epochs",
    "photos",
    # The resulting numbers.
    "alpha",
    "beta1",
    "c",
    "column",
    "epoch",
    "black_box",
    "hash",
    "lambda_feature_matching",
    "lambda_l1",
    "lambda_perceptual",
    "learning_rate",
    "nu",
    "sigma",
    # Digests of content, and settings that depend only on it.
    "checkpoint_epochs",
    "fingerprint",
    "minimum",
    "partitions",
    "perceptual_network",
    "regressor",
    "weights",
}
# A shadow model is trained like a victim.
SAME_PACE = {"shadow_model": "victim"}
# Inputs that do not change the speed: their images are those of the pairs.
EXCLUDED_INPUTS = {"queries", "difficulty", "held_out_pairs"}


@dataclass(frozen=True)
class Timed:
    """A finished stage.

    Attributes:
        kind: What its speed depends on.
        device: Where it was run.
        work: The amount of work, in a unit of its kind.
        seconds: Its run time.
    """

    kind: str
    device: str
    work: float
    seconds: float


def expected_seconds(kind: str, device: str, work: float, done: Sequence[Timed]) -> float | None:
    """The expected run time of an amount of work; None if there is no stage of the same kind and device."""
    same = [stage for stage in done if (stage.kind, stage.device) == (kind, device) and stage.work > 0]
    if not same:
        return None
    return work * sum(stage.seconds for stage in same) / sum(stage.work for stage in same)


def planned_seconds(stages: Sequence[Stage], store: ArtifactStore) -> dict[str, float | None]:
    """The expected run time of each stage that is not in the store, by its key; None if unknown."""
    known = {stage.key: stage for stage in stages}
    wanted = {key: stage for key, stage in known.items() if not store.has(stage)}
    done = _done(store, {stage.name for stage in wanted.values()})
    return {
        key: expected_seconds(_kind_of(stage, known), store.device, _work_of(stage, known), done)
        for key, stage in wanted.items()
    }


def in_all(seconds: Sequence[float | None]) -> str:
    """`about 12 min`, `about 12 min and 2 stages of unknown length`; empty if there is nothing to do."""
    known = [one for one in seconds if one is not None]
    unknown = len(seconds) - len(known)
    more = f"{unknown} {'stage' if unknown == 1 else 'stages'} of unknown length" if unknown else ""
    return " and ".join(part for part in (about(sum(known)) if known else "", more) if part)


def about(seconds: float | None) -> str:
    """`about 12 min`; empty if unknown."""
    return "" if seconds is None else f"about {duration(seconds)}"


def kind(name: str, settings: Mapping[str, Any], inputs: Mapping[str, tuple[str, Mapping[str, Any]]]) -> str:
    """What the speed of a stage depends on.

    Args:
        name: The stage's name.
        settings: Its settings, in JSON types.
        inputs: Names and settings of its inputs, by the input's name.
    """
    of_inputs = {
        SAME_PACE.get(part, part): _pace(of_input) if other != "pairs" else _images(of_input)
        for part, (other, of_input) in inputs.items()
        if not {part, other} & EXCLUDED_INPUTS
    }
    own = _images(settings) | {"dataset": settings["dataset"]["name"]} if name == "pairs" else _pace(settings)
    return canonical_json([SAME_PACE.get(name, name), own, of_inputs])


def _pace(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, including nested ones, without the excluded ones."""
    return {
        name: _pace(value) if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if name not in EXCLUDED_SETTINGS
    }


def _images(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a stage of pairs that determine its images."""
    return {"size": settings["size"], "layout": settings["layout"]}


def _kind_of(stage: Stage, known: Mapping[str, Stage]) -> str:
    inputs = {part: (other.name, plain(other.settings)) for part, other in _inputs(stage, known).items()}
    return kind(stage.name, plain(stage.settings), inputs)


def _work_of(stage: Stage, known: Mapping[str, Stage]) -> float:
    inputs = [plain(other.settings) for other in _inputs(stage, known).values()]
    counted = _counted(stage.work, plain(stage.settings), inputs)
    return 1.0 if counted is None else counted


def _inputs(stage: Stage, known: Mapping[str, Stage]) -> dict[str, Stage]:
    """A stage's inputs; a reference is resolved to a stage of the same plan."""
    return {part: other if isinstance(other, Stage) else known[other.key] for part, other in stage.inputs.items()}


def _counted(work: float | None, settings: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> float | None:
    """The stage's own `work`, or the number of ids of the stage or its inputs; None if there is neither."""
    counted = [work, *(len(some["ids"]) for some in (settings, *inputs) if "ids" in some)]
    return next((float(number) for number in counted if number is not None), None)


def _done(store: ArtifactStore, names: set[str]) -> list[Timed]:
    """The finished stages in the store with these names, or names with the same speed."""
    kinds = {SAME_PACE.get(name, name) for name in names}
    names = names | kinds | {name for name, same in SAME_PACE.items() if same in kinds}
    paths = [path for name in sorted(names) for path in sorted(store.root.glob(f"{name}/*/{MANIFEST}"))]
    read = (_timed(store.root, path) for path in paths)
    return [timed for timed in read if timed is not None]


def _timed(root: Path, path: Path) -> Timed | None:
    """Reads a manifest; None if it is damaged or its inputs are gone, since a plan can do without it."""
    try:
        manifest = json.loads(path.read_bytes())
        inputs = {}
        for part, key in manifest["inputs"].items():
            [other] = root.glob(f"*/{key[:20]}/{MANIFEST}")
            read = json.loads(other.read_bytes())
            inputs[part] = read["name"], read["settings"]
        settings = manifest["settings"]
        work = _counted(manifest.get("work"), settings, [of_input for _, of_input in inputs.values()])
        if work is None:
            # Constant, unless written by an earlier version, which did not record it.
            work = 1.0 if "work" in manifest else 0.0
        of_kind = kind(manifest["name"], settings, inputs)
        return Timed(of_kind, manifest["device"], work, float(manifest["seconds"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
