"""The attacks that train a model of the victim's kind on pairs of the attacker's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mia_exp.artifacts import Stage
from mia_exp.attacks.combine import membership_score
from mia_exp.attacks.loss_map import LossMaps
from mia_exp.config import MultiImageConfig, ShadowAttackConfig, ShadowConfig
from mia_exp.data.splits import ordered
from mia_exp.errors import DataError
from mia_exp.keys import deciding
from mia_exp.pipeline.case import Attack, Case
from mia_exp.pipeline.context import save_columns
from mia_exp.pipeline.dataset import Dataset
from mia_exp.pipeline.model import Model
from mia_exp.pipeline.scores import reconstruction_stage
from mia_exp.seeds import derive


class Shadow:
    """A model with the victim's settings, trained on the attacker's pairs: the split's shadow lists, or others'.

    Args:
        config: Which pairs, and how many.
        case: What is attacked.
        held_out: Whether as many pairs again are kept from the model.

    Attributes:
        dataset: Where its pairs are.
        model: The model.
        trained_on: Ids that it is trained on.
        held_out: Ids that it is not trained on.

    Raises:
        DataError: There are fewer pairs than wanted.
    """

    def __init__(self, config: ShadowConfig, case: Case, held_out: bool) -> None:
        count = config.n_pairs
        self.dataset = case.dataset
        train, test = case.shadow_train, case.shadow_test
        if config.dataset is not None:
            self.dataset = Dataset(case.context, config.dataset)
            _check_layouts(self.dataset, case.dataset)
            pool = ordered(self.dataset.records, config.seed)
            train, test = pool[:count], pool[count:]
        self.trained_on, self.held_out = train[:count], test[:count] if held_out else []
        found = min(len(self.trained_on), len(self.held_out)) if held_out else len(self.trained_on)
        if found < count:
            wanted = 2 * count if held_out else count
            available = len(self.dataset.records) if config.dataset else len(train) + len(test)
            raise DataError(
                f"shadow.n_pairs={count}: the shadow model takes {wanted} pairs of {self.dataset.config.name}"
                f"{', half of them held out' if held_out else ''}; found {available}. Lower shadow.n_pairs."
            )
        victim = case.victim.config
        settings = replace(
            victim, weights=None, checkpoint_epochs=[], seed=derive(config.seed, "shadow model", victim.seed)
        )
        query = replace(case.victim.query_config, epoch=None)
        self.model = Model(case.context, "shadow_model", settings, query, self.dataset, self.trained_on)

    @property
    def pairs(self) -> tuple[Dataset, list[str]]:
        """Its dataset, and all pairs that the attacker uses of it, sorted."""
        return self.dataset, sorted([*self.trained_on, *self.held_out])


class MultiImage(Attack):
    """L_rec less alpha times the error of a shadow model on the same pair."""

    headline = "l_mem_multi"
    compared = (("l_mem_multi", "l_rec"),)

    def __init__(self, config: MultiImageConfig, case: Case) -> None:
        self._config = config
        self._case = case
        self._shadow = Shadow(case.context.config.shadow, case, held_out=False)
        self._queries = self._shadow.model.queries(case.dataset, case.ids)
        self._errors = reconstruction_stage(case.context, case.dataset, case.ids, self._queries, "l_shadow")

    @property
    def own_pairs(self) -> tuple[Dataset, list[str]]:
        """The shadow model's."""
        return self._shadow.pairs

    @property
    def stages(self) -> dict[str, Stage]:
        """The shadow model, its answers and their errors."""
        return {
            **self._shadow.model.stages,
            "shadow_queries": self._queries,
            "shadow_reconstruction": self._errors,
        }

    def columns(self) -> dict[str, np.ndarray]:
        """`l_mem_multi`."""
        error = self._case.column(self._errors, "l_shadow")
        return {"l_mem_multi": membership_score(self._case.l_rec, error, self._config.alpha)}

    def blind(self) -> dict[str, np.ndarray]:
        """`l_shadow`, the shadow model's error: the victim has no part in it."""
        return {"l_shadow": self._case.column(self._errors, "l_shadow")}

    def details(self) -> dict[str, float | str]:
        """What the shadow model was trained on."""
        return {"shadow pairs": len(self._shadow.trained_on), "shadow dataset": self._shadow.dataset.config.name}


class ShadowClassifier(Attack):
    """A classifier of loss maps, trained on those of a shadow model."""

    headline = "shadow_score"
    compared = (("shadow_score", "l_rec"),)
    thresholds = {"shadow_score": 0.5}  # noqa: RUF012 - read only

    def __init__(self, config: ShadowAttackConfig, case: Case) -> None:
        self._config = config
        self._case = case
        self._shadow = Shadow(case.context.config.shadow, case, held_out=True)
        _, self._ids = self._shadow.pairs
        self._queries = self._shadow.model.queries(self._shadow.dataset, self._ids)

    @property
    def own_pairs(self) -> tuple[Dataset, list[str]]:
        """Those that the shadow model is trained on, and those held out from it."""
        return self._shadow.pairs

    @property
    def stages(self) -> dict[str, Stage]:
        """The shadow model, its answers, the classifier and its scores."""
        return {
            **self._shadow.model.stages,
            "shadow_pairs": self._shadow.dataset.stage(self._size),
            "shadow_queries": self._queries,
            "classifier": self._classifier,
            "shadow_scores": self._scores,
        }

    def columns(self) -> dict[str, np.ndarray]:
        """`shadow_score`: the probability of having been trained on."""
        return {"shadow_score": self._case.column(self._scores, "shadow_score")}

    def details(self) -> dict[str, float | str]:
        """What the classifier was trained on."""
        return {
            "shadow pairs": f"{len(self._shadow.trained_on)} + {len(self._shadow.held_out)} held out",
            "shadow dataset": self._shadow.dataset.config.name,
            "patch side": self._config.classifier.patch_side(self._size),
        }

    @property
    def _size(self) -> int:
        return self._case.victim.config.image_size

    @property
    def _classifier(self) -> Stage:
        config, context, ids = self._config.classifier, self._case.context, self._ids
        held_out = np.isin(ids, self._shadow.held_out)

        def build(folder: Path) -> None:
            # Imported where it is used: torchvision takes seconds to load.
            from mia_exp.attacks.shadow import train_classifier

            maps = self._maps(self._shadow.dataset, ids, self._shadow.model, self._queries)
            train_classifier(maps, ids, held_out, config, context.config.trainer, folder)

        settings = {
            **deciding(config),
            "patch_size": config.patch_side(self._size),
            "held_out": self._shadow.held_out,
        }
        inputs = {"pairs": self._shadow.dataset.stage(self._size), "queries": self._queries}
        note = f"ResNet-50, {len(ids)} loss maps, {config.epochs} epochs"
        return Stage("classifier", 2, settings, inputs, build, note=note, work=len(ids) * config.epochs)

    @property
    def _scores(self) -> Stage:
        case, config = self._case, self._config.classifier

        def build(folder: Path) -> None:
            from mia_exp.attacks.shadow import score_maps

            maps = self._maps(case.dataset, case.ids, case.victim, case.queries)
            scores = score_maps(
                case.context.store.get(self._classifier), maps, case.ids, config, case.context.device
            )
            save_columns(folder, case.ids, {"shadow_score": scores})

        inputs = {
            "pairs": case.dataset.stage(self._size),
            "queries": case.queries,
            "classifier": self._classifier,
        }
        return Stage("shadow_scores", 1, {}, inputs, build, note=f"{len(case.ids)} images")

    def _maps(self, dataset: Dataset, ids: Sequence[str], model: Model, queries: Stage) -> LossMaps:
        store = dataset.at(self._size)
        return LossMaps(store.y, store.rows(ids), model.answers(queries))


def _check_layouts(shadow: Dataset, victim: Dataset) -> None:
    if shadow.layout != victim.layout:
        raise DataError(
            f"shadow.dataset={shadow.config.name}: its inputs have other classes or instances than those of "
            f"{victim.config.name}, so the victim cannot be asked about them nor its shadow about the victim's. "
            "Use a dataset with the same palette, or victim.one_hot_labels=false."
        )
