"""A whole run with a shadow attack, and what it left: what every broken one must come to in the end."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tests.cli import tiny

ATTACK = [
    "attack=shadow",
    "attack.classifier.max_epochs=1",
    "attack.classifier.patches=2",
    "attack.classifier.patch_size=16",
    "shadow.n_pairs=5",
    "split.n_members=5",
    "split.n_shadow=5",
    # Nobody chooses between folders: each run goes on in the same one.
    "hydra.run.dir=${output_dir}/runs/only",
]


def shadow_attack(dataset: Path) -> list[str]:
    """The words of the run."""
    return tiny(dataset, *ATTACK)


@dataclass(frozen=True)
class Left:
    """What a run left, in bytes and digits.

    Attributes:
        scores: Of the file of scores.
        results: Those of `metrics.json` that a second run must find again.
        files: Names of all files in the run's folder.
        artifacts: The SHA-256 of each file of each artifact, by its path under `artifacts`; no manifests.
    """

    scores: bytes
    files: frozenset[str]
    results: dict[str, object]
    artifacts: dict[str, str]


def left(outputs: Path) -> Left:
    """Reads what a run left."""
    metrics = json.loads((outputs / "runs/only/metrics.json").read_text())
    del metrics["provenance"]
    run = outputs / "runs/only"
    files = frozenset(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    return Left((run / "scores.parquet").read_bytes(), files, metrics, published(outputs))


def published(outputs: Path) -> dict[str, str]:
    """The SHA-256 of what each file of each published artifact says, once all were held against their manifests."""
    found = {}
    for manifest in outputs.glob("artifacts/*/*/manifest.json"):
        folder = manifest.parent
        if folder.suffix == ".work":
            continue
        record = json.loads(manifest.read_text())["files"]
        assert record, f"{folder} holds something"
        assert {path.name for path in folder.iterdir()} == {*record, "manifest.json"}
        for name, about in record.items():
            content = (folder / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == about["sha256"], f"{folder / name} was published half"
            if name.endswith(".safetensors"):
                content = _in_order(content)
            found[str((folder / name).relative_to(outputs / "artifacts"))] = hashlib.sha256(content).hexdigest()
    return found


def _in_order(tensors: bytes) -> bytes:
    """A safetensors file with the words of its header, which a process writes as they come, in their order."""
    size = 8 + int.from_bytes(tensors[:8], "little")
    return json.dumps(json.loads(tensors[8:size]), sort_keys=True).encode() + tensors[size:]
