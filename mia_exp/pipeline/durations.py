"""How long a plan's stages will take, by what stages of their kind took on this machine before.

A stage's kind is what its pace depends on: its settings but for those that change how much there is to do or which
numbers come out, the size of its pairs, the networks that it asks. Of the artifacts in the store that are of the
same kind and from the same device, the seconds and the work are added up; as much work again takes as long.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia_exp.core.artifacts import MANIFEST, ArtifactStore, Stage
from mia_exp.core.keys import canonical_json, plain
from mia_exp.core.progress import duration

# Settings that a step, or an image, takes no more or less time for.
EXCLUDED_SETTINGS = {
    "seed",
    # How much there is to do, which `work` says.
    "ids",
    "others",
    "own",
    "held_out",
    "training_set",
    "epochs",
    "decay_epochs",
    "photos",
    # What the numbers are.
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
    # Digests of content, and what depends on it alone.
    "checkpoint_epochs",
    "fingerprint",
    "minimum",
    "partitions",
    "perceptual_network",
    "regressor",
    "weights",
}
# A shadow model is trained as a victim is.
SAME_PACE = {"shadow_model": "victim"}
# An input of these says nothing of the pace: their images are those of the pairs.
EXCLUDED_INPUTS = {"queries", "difficulty"}


@dataclass(frozen=True)
class Timed:
    """A stage that was made.

    Attributes:
        kind: What its pace depends on.
        device: Where it was made.
        work: How much there was to do, in a unit of its kind's own.
        seconds: What it took.
    """

    kind: str
    device: str
    work: float
    seconds: float


def expected_seconds(kind: str, device: str, work: float, done: Sequence[Timed]) -> float | None:
    """What so much work of a kind takes on a device; None where nothing there is comparable."""
    same = [stage for stage in done if (stage.kind, stage.device) == (kind, device) and stage.work > 0]
    if not same:
        return None
    return work * sum(stage.seconds for stage in same) / sum(stage.work for stage in same)


def planned_seconds(stages: Sequence[Stage], store: ArtifactStore) -> dict[str, float | None]:
    """What each stage that is not in the store yet will take, by its key; None where nobody knows."""
    known = {stage.key: stage for stage in stages}
    wanted = {key: stage for key, stage in known.items() if not store.has(stage)}
    done = _done(store, {stage.name for stage in wanted.values()})
    return {
        key: expected_seconds(_kind_of(stage, known), store.device, _work_of(stage, known), done)
        for key, stage in wanted.items()
    }


def in_all(seconds: Sequence[float | None]) -> str:
    """`about 12 min`, `about 12 min and 2 stages of unknown length`; nothing where there is nothing to do."""
    known = [one for one in seconds if one is not None]
    unknown = len(seconds) - len(known)
    more = f"{unknown} {'stage' if unknown == 1 else 'stages'} of unknown length" if unknown else ""
    return " and ".join(part for part in (about(sum(known)) if known else "", more) if part)


def about(seconds: float | None) -> str:
    """`about 12 min`; nothing where nobody knows."""
    return "" if seconds is None else f"about {duration(seconds)}"


def kind(name: str, settings: Mapping[str, Any], inputs: Mapping[str, tuple[str, Mapping[str, Any]]]) -> str:
    """What the pace of a stage depends on.

    Args:
        name: The stage's.
        settings: Its settings, in JSON types.
        inputs: Names and settings of the stages that it reads, by their part in it.
    """
    of_inputs = {
        SAME_PACE.get(part, part): _pace(of_input) if other != "pairs" else _images(of_input)
        for part, (other, of_input) in inputs.items()
        if other not in EXCLUDED_INPUTS
    }
    own = _images(settings) | {"dataset": settings["dataset"]["name"]} if name == "pairs" else _pace(settings)
    return canonical_json([SAME_PACE.get(name, name), own, of_inputs])


def _pace(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, nested ones too, without the free ones."""
    return {
        name: _pace(value) if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if name not in EXCLUDED_SETTINGS
    }


def _images(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What images a stage of pairs has."""
    return {"size": settings["size"], "layout": settings["layout"]}


def _kind_of(stage: Stage, known: Mapping[str, Stage]) -> str:
    inputs = {part: (other.name, plain(other.settings)) for part, other in _inputs(stage, known).items()}
    return kind(stage.name, plain(stage.settings), inputs)


def _work_of(stage: Stage, known: Mapping[str, Stage]) -> float:
    inputs = [plain(other.settings) for other in _inputs(stage, known).values()]
    counted = _counted(stage.work, plain(stage.settings), inputs)
    return 1.0 if counted is None else counted


def _inputs(stage: Stage, known: Mapping[str, Stage]) -> dict[str, Stage]:
    """What a stage reads; a reference stands for a stage of the same plan."""
    return {part: other if isinstance(other, Stage) else known[other.key] for part, other in stage.inputs.items()}


def _counted(work: float | None, settings: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> float | None:
    """What the stage says itself, or how many images it, or what it reads, is about; None where none is counted."""
    counted = [work, *(len(some["ids"]) for some in (settings, *inputs) if "ids" in some)]
    return next((float(number) for number in counted if number is not None), None)


def _done(store: ArtifactStore, names: set[str]) -> list[Timed]:
    """What the store tells of stages of these names, and of those that take as long."""
    kinds = {SAME_PACE.get(name, name) for name in names}
    names = names | kinds | {name for name, same in SAME_PACE.items() if same in kinds}
    paths = [path for name in sorted(names) for path in sorted(store.root.glob(f"{name}/*/{MANIFEST}"))]
    read = (_timed(store.root, path) for path in paths)
    return [timed for timed in read if timed is not None]


def _timed(root: Path, path: Path) -> Timed | None:
    """What a manifest tells; None of one that is damaged, or whose inputs are gone: the plan does without it."""
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
            # Always the same, unless an earlier version made it, which did not say.
            work = 1.0 if "work" in manifest else 0.0
        of_kind = kind(manifest["name"], settings, inputs)
        return Timed(of_kind, manifest["device"], work, float(manifest["seconds"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
