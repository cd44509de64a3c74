"""Least squares from a pixel's features to its colour, judged on pixels it was not fitted on.

The full matrix has a row a pixel and a column a channel of every stage, brought to the pixel grid by bilinear
interpolation: stage k contributes U_k F_k, where F_k (cells x channels) are its activations and U_k (pixels x
cells) the interpolation, which is the same for every image. Two facts make it small:

1. Where a stage has more channels than cells, F_k has full row rank, so U_k F_k spans what U_k spans. Those
   columns do not depend on the image, the stage need not be run, and they are factorised once.
2. What is left is solved per image from its Gram matrix, after the fixed columns are projected out.

Both leave the least-squares prediction as it is. Where the system is not safely overdetermined - few fitted
pixels, a flat image - the answer depends on singular values that the reduction moves, so `minimum_norm_error`
solves the whole of it, in a form that keeps every singular value.

Axes: N images, C columns, P pixels, F fitted and H held-out pixels; colours are 3.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mia_exp.features import Stage

# Singular values below this share of the largest count as zero, as in scikit-learn >= 1.7.
CUTOFF = 1e-6

# A solution whose last refinement still moves the score by more than this share has not converged.
CONVERGED = 1e-5

# Below this error (a quarter of a 16-bit step) a score is nought, and its relative change means nothing.
NEGLIGIBLE = 4e-6


@dataclass(frozen=True)
class PixelSplit:
    """Which pixels of the grid are fitted and which are judged; the same for every image."""

    fitted: Tensor
    held_out: Tensor


def split_pixels(size: int, fitted_share: float, seed: int) -> PixelSplit:
    """Draws `fitted_share` of the size * size pixels at random.

    Returns:
        Row-major pixel indices, int64; at least one pixel on either side.
    """
    pixels = size * size
    order = torch.randperm(pixels, generator=torch.Generator().manual_seed(seed))
    count = min(max(round(fitted_share * pixels), 1), pixels - 1)
    return PixelSplit(order[:count], order[count:])


def upsampling_matrix(cells: int, size: int) -> Tensor:
    """The bilinear interpolation from a cells x cells grid to a size x size one.

    Returns:
        (size * size, cells * cells), float64; each row sums to one.
    """
    kernels = torch.eye(cells * cells, dtype=torch.float64).view(-1, 1, cells, cells)
    return upsample(kernels, size).flatten(1).T.contiguous()


def upsample(maps: Tensor, size: int) -> Tensor:
    """Brings feature maps (N, C, h, w) to (N, C, size, size) by bilinear interpolation."""
    if maps.shape[-2:] == (size, size):
        return maps
    return F.interpolate(maps, (size, size), mode="bilinear", align_corners=False)


def is_fixed(stage: Stage, size: int) -> bool:
    """Whether the stage's columns span the same space for every image: more channels than cells."""
    return stage.channels > (size * 4 // stage.stride) ** 2


class ReducedRegression:
    """Least squares for batches of images, with the image-independent columns factorised once.

    Args:
        stages: All stages of the backbone.
        size: Side of the pixel grid; a stage of stride s has size * 4 / s cells a side.
        split: Which pixels are fitted.
        device: Where batches are solved.
    """

    def __init__(self, stages: tuple[Stage, ...], size: int, split: PixelSplit, device: torch.device) -> None:
        self.size = size
        fixed = [torch.ones(size * size, 1, dtype=torch.float64)]
        fixed += [upsampling_matrix(size * 4 // s.stride, size) for s in stages if is_fixed(s, size)]
        columns = torch.cat(fixed, 1)
        left, values, right = torch.linalg.svd(columns[split.fitted], full_matrices=False)
        kept = values > CUTOFF * values[0]
        # An orthonormal basis of the fixed columns on the fitted pixels, continued to the held-out ones.
        continued = columns[split.held_out] @ (right.T[:, kept] / values[kept])
        self.basis = torch.cat([left[:, kept], continued]).to(device)
        self.basis_float = self.basis.float()
        self.order = torch.cat([split.fitted, split.held_out]).to(device)
        self.n_fitted = len(split.fitted)
        self.n_columns = int(kept.sum()) + sum(s.channels for s in stages if not is_fixed(s, size))

    @property
    def overdetermined(self) -> bool:
        """Whether there are more fitted pixels than independent columns."""
        return self.n_fitted > self.n_columns

    def errors(self, features: list[Tensor], colours: Tensor) -> tuple[Tensor, Tensor]:
        """Fits every image and judges it on its held-out pixels.

        Args:
            features: Activations (N, C, h, w), float32, of the stages whose columns are not fixed.
            colours: (N, 3, size, size), float32 in [0, 1].

        Returns:
            The mean absolute error (N,), float64, and whether it can be relied on (N,), bool: false where the
            image's system is too close to singular for float32.
        """
        # Channels last, as the network leaves them: a pixel's row is then one piece of memory to move.
        rows = torch.cat([_pixel_rows(upsample(stage, self.size)) for stage in features], 2)
        columns = self._project(rows[:, self.order], self.basis_float)
        targets = self._project(_pixel_rows(colours.double())[:, self.order], self.basis).float()
        fit, rest = columns[:, : self.n_fitted], columns[:, self.n_fitted :]
        residual, held_out = targets[:, : self.n_fitted], targets[:, self.n_fitted :]

        gram = fit.mT @ fit
        norms = gram.diagonal(dim1=1, dim2=2).sqrt()
        # A column of zeros (a channel that is dead on this image) is left out: its coefficient stays nought.
        scale = torch.where(norms > 0, 1 / norms, 0.0)
        gram = gram * scale.unsqueeze(1) * scale.unsqueeze(2)
        gram.diagonal(dim1=1, dim2=2)[scale == 0] = 1
        factor, failed = torch.linalg.cholesky_ex(gram)

        # The first pass solves the normal equations; the second refines with the residual, which float32 holds
        # far better than the Gram matrix; the third only measures whether the second was enough.
        change = torch.zeros(len(columns), dtype=torch.float64, device=columns.device)
        for _ in range(3):
            right_side = (fit.mT @ residual) * scale.unsqueeze(2)
            step = torch.cholesky_solve(right_side, factor) * scale.unsqueeze(2)
            residual = residual - fit @ step
            correction = rest @ step
            held_out = held_out - correction
            change = correction.abs().mean((1, 2), dtype=torch.float64)
        error = held_out.abs().mean((1, 2), dtype=torch.float64)
        converged = change <= CONVERGED * error.clamp(min=NEGLIGIBLE)
        return error, (failed == 0) & converged & error.isfinite()

    def _project(self, rows: Tensor, basis: Tensor) -> Tensor:
        """Takes the fixed columns out of (N, P, C) rows, in the order fitted, held out."""
        return rows - basis @ (basis[: self.n_fitted].T @ rows[:, : self.n_fitted])


def _pixel_rows(maps: Tensor) -> Tensor:
    """Turns maps (N, C, h, w) into rows (N, h * w, C)."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def minimum_norm_error(features: list[Tensor], colours: Tensor, split: PixelSplit) -> float:
    """Fits one image by the least-squares solution of least norm, in float64, with every stage of the network.

    A stage with more channels than cells enters as U_k R^T, where F_k^T = Q R: that has the singular values and
    the left singular vectors of U_k F_k in fewer columns.

    Args:
        features: Activations (C, h, w) of all stages.
        colours: (3, size, size) in [0, 1].
        split: Which pixels are fitted.

    Returns:
        The mean absolute error on the held-out pixels.
    """
    size = colours.shape[-1]
    columns = []
    for stage in features:
        maps = stage.double().cpu()
        channels, height, width = maps.shape
        if channels > height * width:
            maps = torch.linalg.qr(maps.flatten(1), mode="r").R.view(-1, height, width)
        columns.append(upsample(maps.unsqueeze(0), size)[0].flatten(1))
    matrix = torch.cat(columns).T
    targets = colours.double().cpu().flatten(1).T
    centre, mean = matrix[split.fitted].mean(0), targets[split.fitted].mean(0)
    solution = torch.linalg.lstsq(
        matrix[split.fitted] - centre, targets[split.fitted] - mean, rcond=CUTOFF, driver="gelsd"
    ).solution
    predicted = (matrix[split.held_out] - centre) @ solution + mean
    return float((predicted - targets[split.held_out]).abs().mean())
