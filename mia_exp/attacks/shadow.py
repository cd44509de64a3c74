"""A classifier of loss maps, trained on a shadow model's (after He et al., 2020)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from mia_exp.attacks.attack import Attack, OwnPairs
from mia_exp.attacks.classifier_record import read_classifier_record
from mia_exp.attacks.classifier_settings import ClassifierSettings
from mia_exp.attacks.evidence import Evidence, OwnOutputs
from mia_exp.attacks.numerics.loss_map import LossMaps
from mia_exp.core.artifacts import Reference, Stage
from mia_exp.core.check import require
from mia_exp.core.column import Column
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.keys import deciding
from mia_exp.core.score_table import save_table, score_table

# Pairs on either side of the shadow model: fewer leave hardly a map to validate the classifier on.
MIN_PAIRS = 4


@dataclass
class Shadow(Attack):
    """A classifier of loss maps, trained on a shadow model's (after He et al., 2020).

    Attributes:
        classifier: The classifier's settings.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "shadow_score",
            "shadow classifier",
            "a classifier of loss maps",
            higher_is_member=True,
            compared_with="l_rec",
            threshold=0.5,
        ),
    )
    own_pairs: ClassVar[OwnPairs] = OwnPairs.trained_on_and_held_out

    classifier: ClassifierSettings = field(default_factory=ClassifierSettings)

    def check_images(self, image_size: int, sizes: ImageSizes) -> None:
        """Checks that patches are not larger than the images; see `Attack.check_images`."""
        side = self.classifier.patch_side(image_size)
        require(
            side <= image_size,
            f"attack.classifier.patch_size={side}: larger than the images, victim.image_size="
            f"{image_size}; expected at most that, or null",
        )

    def stages(self, evidence: Evidence) -> Mapping[str, Stage]:
        """The shadow model, its outputs, the classifier and its scores; see `Attack.stages`.

        Raises:
            ConfigError: There are too few pairs to train and validate the classifier.
        """
        n_pairs = len(evidence.own.trained_on)
        require(
            n_pairs >= MIN_PAIRS,
            f"shadow.n_pairs={n_pairs}: attack=shadow trains a classifier on the loss maps of these pairs and "
            f"of as many held-out ones, and validates it on others of both; expected {MIN_PAIRS} or more",
        )
        queries = _shadow_outputs(evidence).stage
        return {
            **evidence.shadow_model().stages,
            "shadow_queries": queries,
            "classifier": self._classifier(evidence),
            "shadow_scores": self._scores(evidence),
        }

    def score(self, evidence: Evidence) -> pd.DataFrame:
        """The probability that the pair was trained on; see `Attack.score`."""
        return evidence.table(self._scores(evidence))

    def details(self, evidence: Evidence) -> Mapping[str, float | str]:
        """The classifier's training set, how long it was trained, and its accuracy on maps that it was not."""
        own = evidence.own
        n_validation = 2 * self.classifier.validation_maps(len(own.trained_on))
        record = read_classifier_record(evidence.folder(self._classifier(evidence)))
        return {
            "shadow pairs": f"{len(own.trained_on)} + {len(own.held_out)} held out",
            "shadow dataset": own.dataset,
            "patch side": self.classifier.patch_side(evidence.image_size),
            "classifier training maps": len(own.ids) - n_validation,
            "classifier epochs": record.epochs,
            "classifier steps": record.steps,
            "classifier kept epoch": record.kept_epoch,
            "classifier kept steps": record.kept_steps,
            "classifier validation maps": n_validation,
            "classifier validation accuracy": round(record.validation_accuracy, 4),
        }

    def _classifier(self, evidence: Evidence) -> Stage:
        own, settings = evidence.own, self.classifier
        outputs = _shadow_outputs(evidence)
        held_out = np.isin(own.ids, own.held_out)

        def build(folder: Path) -> None:
            # Imported here, since torchvision takes seconds to load.
            from mia_exp.attacks.numerics.loss_map_classifier import train_classifier

            maps = LossMaps(own.pairs.y_at, own.ids, outputs.values)
            train_classifier(maps, own.ids, held_out, settings, evidence.trainer, folder, evidence.logger)

        in_key = {
            **deciding(settings),
            "trainer": deciding(evidence.trainer),
            "patch_size": settings.patch_side(evidence.image_size),
            "held_out": own.held_out,
        }
        note = f"ResNet-50, {len(own.ids)} loss maps, {settings.max_epochs} epochs at most"
        inputs: dict[str, Stage | Reference] = {"pairs": own.pairs.origin, "queries": outputs.stage}
        return evidence.stage("classifier", in_key, inputs, build, version=3, note=note, work=len(own.ids))

    def _scores(self, evidence: Evidence) -> Stage:
        classifier = self._classifier(evidence)

        def build(folder: Path) -> None:
            from mia_exp.attacks.numerics.loss_map_classifier import score_maps

            maps = LossMaps(evidence.pairs.y_at, evidence.ids, evidence.outputs.values)
            scores = score_maps(evidence.folder(classifier), maps, evidence.ids, self.classifier, evidence.device)
            save_table(folder, score_table(evidence.ids, shadow_score=scores))

        inputs: dict[str, Stage | Reference] = {
            "pairs": evidence.pairs.origin,
            "queries": evidence.outputs.origin,
            "classifier": classifier,
        }
        return evidence.stage("shadow_scores", {}, inputs, build, note=f"{len(evidence.ids)} images")


def _shadow_outputs(evidence: Evidence) -> OwnOutputs:
    return evidence.shadow_model().outputs(evidence.own.pairs, evidence.own.ids)
