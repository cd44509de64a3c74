"""Encodes x for pix2pixHD's networks: one channel per class, and instance boundaries."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mia_exp.data import InputLayout


class LabelEncoder(nn.Module):
    """Encodes x; has no parameters.

    Args:
        layout: What the channels of x mean.

    Attributes:
        channels: Channels of the encoding: the classes, or 3 for an image, and one for instance boundaries.
    """

    palette: Tensor | None

    def __init__(self, layout: InputLayout) -> None:
        super().__init__()
        self.instances = layout.instances
        self.channels = (len(layout.palette) if layout.palette else 3) + layout.instances
        palette = torch.tensor(layout.palette, dtype=torch.float32) if layout.palette else None
        # Not part of the weights: it is saved with the architecture.
        self.register_buffer("palette", palette, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Encodes inputs.

        Args:
            x: (N, C, H, W) in [0, 1]; C is 3, or 4 with instance boundaries.

        Returns:
            (N, channels, H, W): one-hot classes by nearest palette colour, or the image in [-1, 1]; then the
            boundaries, 0 or 1.
        """
        picture, boundaries = x[:, :3], x[:, 3:].round()
        if self.palette is None:
            encoded = 2 * picture - 1
        else:
            # In integer steps of 255, and by differences: a palette may have colours that differ by one, which a
            # matrix product in a GPU's reduced precision could not distinguish.
            colours = (picture * 255).round().permute(0, 2, 3, 1)
            distances = torch.cdist(
                colours.flatten(0, 2), self.palette, compute_mode="donot_use_mm_for_euclid_dist"
            )
            classes = distances.argmin(-1).view(colours.shape[:3])
            encoded = F.one_hot(classes, len(self.palette)).permute(0, 3, 1, 2).to(x.dtype)
        return torch.cat([encoded, boundaries], 1) if self.instances else encoded
