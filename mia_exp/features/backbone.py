"""The base class of backbones: public networks whose stages are the features of a pixel."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mia_exp.core.component import Component
from mia_exp.core.errors import WeightsError
from mia_exp.core.keys import harmless
from mia_exp.core.storage import file_sha256
from mia_exp.features.feature_stage import FeatureStage

if TYPE_CHECKING:
    from torch import nn

    from mia_exp.features.frozen import FrozenBackbone
    from mia_exp.features.weights import StateDict


@dataclass
class Backbone(Component):
    """A frozen network that maps an image to feature maps.

    Attributes:
        name: Its name in files and settings.
        stages: The stages used as features, with strides 4, 8, 16, ... in this order.
        mean: Subtracted from each channel of an image in [0, 1].
        std: Each channel is then divided by it.
        weights: A local file of its weights, or null for the default source.
        alpha: Default weight of the difficulty, for the scale of this backbone's L_diff.
    """

    name: ClassVar[str]
    stages: ClassVar[tuple[FeatureStage, ...]]
    mean: ClassVar[tuple[float, float, float]]
    std: ClassVar[tuple[float, float, float]]

    weights: str | None = harmless(None, because="enters by the file's content")
    alpha: float = harmless(0.5, because="the default of attack.alpha, which no artifact depends on")

    def build(self, state: "StateDict", depth: int) -> "nn.Module":
        """Builds the network with the given weights, up to the first `depth` stages.

        Returns:
            A module that returns the maps of those stages as a list or a dict.

        Raises:
            RuntimeError: The weights do not fit.
        """
        raise NotImplementedError

    def default_weights(self) -> "StateDict":
        """Loads the weights from the default source.

        Raises:
            WeightsError: They could not be downloaded.
        """
        raise NotImplementedError

    def default_fingerprint(self) -> str:
        """Identifies the content of the default weights: a SHA-256, a release name, or a seed."""
        raise NotImplementedError

    def to_download(self) -> str | None:
        """What `load` would download first, and how to avoid it, as one sentence; None if nothing."""
        return None

    def is_available(self) -> bool:
        """Whether the weights are on this machine, so that `load` does not download."""
        return self.to_download() is None

    def fetch(self) -> None:
        """Downloads what `to_download` names.

        Raises:
            WeightsError: It could not be downloaded.
        """
        self.default_weights()

    def load(self, depth: int | None = None) -> "FrozenBackbone":
        """Builds the network with its weights.

        Args:
            depth: How many stages to build; all by default.

        Raises:
            WeightsError: The weights are missing or do not fit.
        """
        from mia_exp.features.frozen import FrozenBackbone

        depth = depth or len(self.stages)
        try:
            return FrozenBackbone(self.build(self.state_dict(), depth), self.stages, depth, self.mean, self.std)
        except RuntimeError as error:
            raise WeightsError(
                f"features.weights={self.weights}: these are not {self.name}'s weights: {error}"
            ) from error

    def state_dict(self) -> "StateDict":
        """Reads the weights.

        Returns:
            The tensors by name, in the order of the saved network.

        Raises:
            WeightsError: They are missing, could not be downloaded, or cannot be read.
        """
        from mia_exp.features.weights import read_state_dict

        return self.default_weights() if self.weights is None else read_state_dict(self._file())

    def fingerprint(self) -> str:
        """Identifies the content of the weights.

        Raises:
            WeightsError: The file `weights` does not exist.
        """
        return self.default_fingerprint() if self.weights is None else file_sha256(self._file())

    def _file(self) -> Path:
        path = Path(self.weights or "").expanduser()
        if not path.is_file():
            raise WeightsError(
                f"features.weights={self.weights}: there is no such file. Give the path of a local file with "
                f"{self.name}'s ImageNet weights, or leave features.weights=null for the default source."
            )
        return path
