"""The stage that measures what a defense does to the answers."""

import json
from pathlib import Path

from mia_exp.artifacts import Stage
from mia_exp.features import weights_fingerprint
from mia_exp.keys import deciding
from mia_exp.pipeline.case import Case


def damage_stage(case: Case) -> Stage:
    """PSNR, SSIM and a perceptual distance between answers with and without the defense, and to y."""
    features = case.context.config.features
    size = case.victim.config.image_size
    undefended = case.victim.queries(case.dataset, case.ids)

    def build(folder: Path) -> None:
        # Imported where it is used: torchmetrics and the backbone take seconds to load.
        from mia_exp.defenses.damage import damage
        from mia_exp.defenses.perceptual import PerceptualDistance

        store = case.dataset.at(size)
        done = damage(
            case.victim.answers(undefended),
            case.victim.answers(case.queries),
            store.y[store.rows(case.ids)],
            PerceptualDistance(features, case.context.device),
        )
        (folder / "damage.json").write_text(json.dumps(done, indent=1))

    settings = {**deciding(features), "weights": weights_fingerprint(features)}
    inputs = {"pairs": case.dataset.stage(size), "undefended": undefended, "defended": case.queries}
    return Stage("damage", 1, settings, inputs, build, note=f"{len(case.ids)} images")
