"""L_diff (Eq. 2) as one would write it down: the whole network, all its columns, scikit-learn, one image.

Slow and obvious on purpose. It shares with the package the backbone, the resizing of the image and the choice of
pixels; the feature matrix, its columns and the fit are its own.
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LinearRegression

from mia_exp.attacks.difficulty_settings import ResizeMethod
from mia_exp.attacks.numerics.difficulty_scorer import resize
from mia_exp.attacks.numerics.regression import PixelSplit
from mia_exp.features import Backbone


def slow_difficulty(
    backbone: Backbone,
    image: torch.Tensor,
    split: PixelSplit,
    size: int = 56,
    method: ResizeMethod = ResizeMethod.bilinear,
    dtype: type[np.floating] = np.float64,
    predicted: torch.Tensor | None = None,
) -> float:
    """Scores one image, or a pair of them.

    Args:
        backbone: With all of its stages.
        image: (3, H, W), float32 in [0, 1].
        split: Which pixels are fitted.
        size: Side of the pixel grid.
        method: How the image is resized.
        dtype: Of the feature matrix; float64 unless speed is compared.
        predicted: The image whose colours are predicted, (3, H, W); `image` itself by default.
    """
    with torch.inference_mode():
        stages = backbone(resize(image[None], 4 * size, method))
    # psi(i): the activations of every stage at pixel i.
    columns = []
    for stage in stages:
        stage = F.interpolate(stage.double(), (size, size), mode="bilinear", align_corners=False)
        columns.append(stage[0].reshape(stage.shape[1], size * size).T.numpy())
    psi = np.concatenate(columns, axis=1).astype(dtype)
    shown = image if predicted is None else predicted
    colours = resize(shown[None], size, method)[0].reshape(3, size * size).T.numpy().astype(dtype)
    # scikit-learn's own cut-off, tol = 1e-6 of the largest singular value, is the one that is documented.
    fit = LinearRegression().fit(psi[split.fitted], colours[split.fitted])
    errors = fit.predict(psi[split.held_out]) - colours[split.held_out]
    return float(np.abs(errors).mean())
