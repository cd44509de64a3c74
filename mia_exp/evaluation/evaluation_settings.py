"""The settings of the evaluation: intervals, folds and rates."""

from dataclasses import dataclass

from mia_exp.core.check import MEMORY, require, require_at_most
from mia_exp.core.keys import harmless

NO_ARTIFACT = "evaluated again in each run; no artifact depends on it"


@dataclass
class EvaluationSettings:
    """Intervals, folds and rates of the evaluation.

    Attributes:
        bootstrap: Bootstrap replicates of each AUC's interval.
        folds: Folds of the cross-validated threshold of the balanced accuracy.
        fpr: False-positive rates at which the true-positive rate is reported.
        seed: Seeds replicates and folds.
    """

    bootstrap: int = harmless(2000, because=NO_ARTIFACT)
    folds: int = harmless(5, because=NO_ARTIFACT)
    fpr: list[float] = harmless(because=NO_ARTIFACT, default_factory=lambda: [0.01, 0.001])
    seed: int = harmless(0, because=NO_ARTIFACT)

    def __post_init__(self) -> None:
        require_at_most(self.bootstrap, 1_000_000, "evaluation.bootstrap", MEMORY)
        require_at_most(self.folds, 1000, "evaluation.folds", "a fold needs images")
        require(bool(self.fpr), "evaluation.fpr=[]: expected one rate or more, such as [0.01]")
        require(self.bootstrap >= 100, f"evaluation.bootstrap={self.bootstrap}: expected 100 or more")
        require(self.folds >= 2, f"evaluation.folds={self.folds}: expected 2 or more")
        require(all(0 < f < 1 for f in self.fpr), f"evaluation.fpr={self.fpr}: expected rates between 0 and 1")
