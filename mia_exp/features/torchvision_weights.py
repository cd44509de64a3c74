"""ImageNet weights that torchvision downloads: whether they are there, and what is said if they are not."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

from mia_exp.core.errors import WeightsError

if TYPE_CHECKING:
    from mia_exp.features.weights import StateDict


@dataclass(frozen=True)
class TorchvisionWeights:
    """A file of weights, as it is known to torchvision and to the user.

    Attributes:
        enumeration: The network's enumeration in `torchvision.models`.
        release: Its member.
        file: Name of the file.
        needed_by: The choice that needs it.
        setting: The setting that names a local copy of the file.
        instead: Other choices, which need no download.
    """

    enumeration: str
    release: str
    file: str
    needed_by: str
    setting: str
    instead: str

    @property
    def url(self) -> str:
        """Where torchvision downloads it from."""
        return f"https://download.pytorch.org/models/{self.file}"

    def to_download(self) -> str | None:
        """That `load` would download the file, and how to avoid it, as one sentence; None if it is there."""
        # Where torch.hub looks, said again: importing it and torchvision takes seconds.
        cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
        home = Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser()
        if (home / "hub/checkpoints" / self.file).is_file():
            return None
        return (
            f"{self.needed_by}: its ImageNet weights are not on this machine. A run downloads {self.url}, unless "
            f"{self.setting}=PATH names a copy of that file."
        )

    def load(self) -> "StateDict":
        """Reads the file, and downloads it first if it is not there.

        Raises:
            WeightsError: It could not be downloaded.
        """
        import torchvision

        weights = getattr(torchvision.models, self.enumeration)[self.release]
        try:
            state: StateDict = weights.get_state_dict(progress=True, check_hash=True)
        except (URLError, OSError, RuntimeError) as error:
            raise WeightsError(
                f"{self.needed_by}: its ImageNet weights are not on this machine and could not be downloaded "
                f"({error}). Either download {self.url} elsewhere and set {self.setting}=PATH, or use "
                f"{self.instead}."
            ) from error
        return state
