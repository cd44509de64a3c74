"""The stage that measures the damage of a defense to outputs."""

import json
from pathlib import Path

from mia_exp.core.artifacts import Stage
from mia_exp.core.keys import deciding
from mia_exp.pipeline.context import Context
from mia_exp.pipeline.queried_model import ModelOutputs
from mia_exp.pipeline.stored_dataset import StoredDataset


def damage_stage(
    context: Context, dataset: StoredDataset, undefended: ModelOutputs, defended: ModelOutputs
) -> Stage:
    """PSNR, SSIM and a perceptual distance between outputs with and without the defense, and to y."""
    features, ids = context.config.features, defended.ids
    size = context.config.victim.image_size

    def build(folder: Path) -> None:
        # Imported here, since torchmetrics and the backbone take seconds to load.
        from mia_exp.defenses.damage import damage
        from mia_exp.defenses.perceptual_distance import PerceptualDistance

        store = dataset.at(size)
        done = damage(
            undefended.values,
            defended.values,
            store.y[store.rows(ids)],
            PerceptualDistance(features, context.device),
        )
        (folder / "damage.json").write_text(json.dumps(done, indent=1))

    settings = {**deciding(features), "weights": features.fingerprint()}
    inputs = {"pairs": dataset.stage(size), "undefended": undefended.stage, "defended": defended.stage}
    return Stage("damage", 2, settings, inputs, build, note=f"{len(ids)} images")
