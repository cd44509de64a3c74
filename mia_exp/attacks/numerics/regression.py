"""Least squares from a pixel's features to its colour, with the error measured on held-out pixels.

The full matrix has one row per pixel and one column per channel of every stage, resized to the pixel grid by
bilinear interpolation: stage k contributes U_k F_k, where F_k (cells x channels) are its activations and U_k
(pixels x cells) the interpolation, which is the same for every image. Three facts reduce the problem:

1. If a stage has more channels than cells, F_k has full row rank, so U_k F_k spans the same space as U_k. Those
   columns do not depend on the image, the stage need not be run, and an orthonormal basis Q of them on the fitted
   pixels is computed once.
2. The remaining columns are solved per image from their Gram matrix, without upsampled features: the block of
   stages k and l is F_k^T (U_k^T U_l) F_l, with a small, sparse matrix in the middle that is the same for every
   image. The projection on the fixed columns, F_k^T (U_k^T Q) (Q^T U_l) F_l, is subtracted.
3. A float32 factorisation of the Gram matrix is enough if the residual is computed in float64: each step of
   iterative refinement then gains the digits of the factorisation.

None of these changes the least-squares prediction. If the system is not clearly overdetermined - few fitted
pixels, a flat image - the result depends on singular values that the reduction changes, so `minimum_norm_error`
solves the full system in a form that keeps every singular value.

Axes: N images, C columns, P pixels, F fitted and H held-out pixels; colours are 3.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from mia_exp.features import FeatureStage

# Singular values below this fraction of the largest are treated as zero, as in scikit-learn >= 1.7.
CUTOFF = 1e-6

# Relative change of the score by further refinement above which a solution has not converged.
TOLERANCE = 1e-6
# Limit on solutions of the normal equations per image; most images need two or three.
MAX_ITERATIONS = 6

# Below this error (a quarter of a 16-bit step) a score is taken as zero, and its relative change is meaningless.
NEGLIGIBLE = 4e-6


@dataclass(frozen=True)
class PixelSplit:
    """Which pixels of the grid are fitted and which are held out; the same for every image."""

    fitted: Tensor
    held_out: Tensor


def split_pixels(size: int, fitted_share: float, seed: int) -> PixelSplit:
    """Draws `fitted_share` of the size * size pixels at random.

    Returns:
        Row-major pixel indices, int64; at least one pixel in each part.
    """
    pixels = size * size
    order = torch.randperm(pixels, generator=torch.Generator().manual_seed(seed))
    count = min(max(round(fitted_share * pixels), 1), pixels - 1)
    return PixelSplit(order[:count], order[count:])


def upsampling_matrix(cells: int, size: int) -> sparse.csr_array:
    """The bilinear interpolation from a cells x cells grid to a size x size one.

    Returns:
        (size * size, cells * cells), float64; each row has at most four entries and sums to one.
    """
    kernels = torch.eye(cells, dtype=torch.float64).unsqueeze(0)
    along = F.interpolate(kernels, size, mode="linear", align_corners=False)[0].T.numpy()
    return sparse.kron(along, along, format="csr")


def upsample(maps: Tensor, size: int) -> Tensor:
    """Resizes feature maps (N, C, h, w) to (N, C, size, size) by bilinear interpolation."""
    if maps.shape[-2:] == (size, size):
        return maps
    return F.interpolate(maps, (size, size), mode="bilinear", align_corners=False)


def is_fixed(stage: FeatureStage, size: int) -> bool:
    """Whether the stage's columns span the same space for every image: more channels than cells."""
    return stage.channels > (size * 4 // stage.stride) ** 2


class ReducedRegression:
    """Least squares for batches of images, each stage at its own resolution.

    Args:
        stages: All stages of the backbone.
        size: Side of the pixel grid; a stage of stride s has size * 4 / s cells per side.
        split: Which pixels are fitted.
        device: Where batches are solved.

    Attributes:
        n_columns: Upper bound on the number of independent columns of the regression.
    """

    def __init__(
        self, stages: tuple[FeatureStage, ...], size: int, split: PixelSplit, device: torch.device
    ) -> None:
        self.n_fitted = len(split.fitted)
        self._order = torch.cat([split.fitted, split.held_out]).to(device)
        fixed, varying = [np.ones((size * size, 1))], []
        for stage in stages:
            matrix = upsampling_matrix(size * 4 // stage.stride, size)[self._order.cpu().numpy()]
            if is_fixed(stage, size):
                fixed.append(matrix.toarray())
            else:
                varying.append(matrix)
        basis = _continued_basis(np.concatenate(fixed, 1), self.n_fitted)
        self.n_columns = basis.shape[1] + sum(stage.channels for stage in stages if not is_fixed(stage, size))
        self._basis = torch.from_numpy(basis).to(device)

        fitted = [matrix[: self.n_fitted] for matrix in varying]
        self._interpolations = [_sparse(matrix, device) for matrix in varying]
        self._adjoints = [_sparse(matrix.T, device) for matrix in fitted]
        # The finer grid on the right: the products below then have the size of the coarser grid.
        self._overlaps = [
            [_sparse(coarse.T @ fine, device).float() for fine in fitted[: row + 1]]
            for row, coarse in enumerate(fitted)
        ]
        traces = [basis[: self.n_fitted].T @ matrix for matrix in fitted]
        self._traces = [torch.from_numpy(trace).float().to(device) for trace in traces]

    @property
    def overdetermined(self) -> bool:
        """Whether there are more fitted pixels than independent columns."""
        return bool(self.n_fitted > self.n_columns)

    def errors(self, features: list[Tensor], colours: Tensor) -> tuple[Tensor, Tensor]:
        """Fits every image and computes the error on its held-out pixels.

        Args:
            features: Activations (N, C, h, w), float32, of the stages whose columns are not fixed.
            colours: (N, 3, size, size), float32 in [0, 1].

        Returns:
            The mean absolute error (N,), float64, and whether it is reliable (N,), bool: false if the image's
            system is too close to singular for float32.
        """
        # A channel's mean is in the span of the fixed columns; subtracting it saves float32 digits.
        rows = [_pixel_rows(maps - maps.mean((2, 3), keepdim=True)) for maps in features]
        exact = [cells.double() for cells in rows]
        unexplained = self._without_fixed(colours.double().flatten(2)[:, :, self._order])

        gram, full_diagonal = self._gram(rows)
        norms = gram.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()
        # A column of zeros (a channel that is dead on this image) is left out: its coefficient stays zero.
        dead = full_diagonal == 0
        scale = torch.where(dead, 0.0, 1 / norms)
        gram = gram * scale.unsqueeze(1) * scale.unsqueeze(2)
        gram.diagonal(dim1=1, dim2=2)[dead] = 1
        factor, failed = torch.linalg.cholesky_ex(gram)

        # The normal equations are solved in float32 and refined with a residual in float64: the prediction of a
        # large step, and the right side of a small residual, are sums with cancellation.
        right_rows, step_rows = rows, exact
        before = torch.full((len(colours),), torch.inf, dtype=torch.float64, device=colours.device)
        for _ in range(MAX_ITERATIONS):
            right_side = self._transposed(right_rows, unexplained[:, :, : self.n_fitted]).mT.float()
            step = torch.cholesky_solve(right_side * scale.unsqueeze(2), factor) * scale.unsqueeze(2)
            explained = self._without_fixed(self._predicted(step_rows, step.mT))
            unexplained = unexplained - explained
            last, error = (values[:, :, self.n_fitted :].abs().mean((1, 2)) for values in (explained, unexplained))
            # Steps shrink by a constant factor: the remaining change is the tail of a geometric series.
            left = last**2 / (before - last).clamp(min=torch.finfo(last.dtype).tiny)
            reliable = (failed == 0) & (left <= TOLERANCE * error.clamp(min=NEGLIGIBLE)) & error.isfinite()
            if right_rows is exact and reliable.all():
                break
            right_rows, step_rows, before = exact, rows, last
        return error, reliable

    def _gram(self, rows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The inner products (N, C, C) of the varying columns, projected orthogonally to the fixed ones.

        Also the diagonal (N, C) without the projection.
        """
        blocks: list[list[Tensor]] = [[] for _ in rows]
        for row, overlaps in enumerate(self._overlaps):
            for column, overlap in enumerate(overlaps):
                weighted = torch.stack([torch.sparse.mm(overlap, cells) for cells in rows[column]])
                block = rows[row].mT @ weighted
                blocks[row].append(block)
                if row != column:
                    blocks[column].append(block.mT)
        gram = torch.cat([torch.cat(line, 2) for line in blocks], 1)
        traces = torch.cat([trace @ cells for trace, cells in zip(self._traces, rows, strict=True)], 2)
        return gram - traces.mT @ traces, gram.diagonal(dim1=1, dim2=2)

    def _transposed(self, rows: list[Tensor], values: Tensor) -> Tensor:
        """Values (N, 3, F) on the fitted pixels times the varying columns: (N, 3, C), float64."""
        products = [
            _times(adjoint, values).to(cells.dtype) @ cells
            for adjoint, cells in zip(self._adjoints, rows, strict=True)
        ]
        return torch.cat(products, 2).double()

    def _predicted(self, rows: list[Tensor], coefficients: Tensor) -> Tensor:
        """Coefficients (N, 3, C) times the transposed varying columns: (N, 3, P), float64."""
        parts = torch.split(coefficients, [cells.shape[2] for cells in rows], 2)
        products = [
            _times(interpolation, (part.to(cells.dtype) @ cells.mT).double())
            for interpolation, cells, part in zip(self._interpolations, rows, parts, strict=True)
        ]
        return torch.stack(products).sum(0)

    def _without_fixed(self, values: Tensor) -> Tensor:
        """Subtracts from values (N, 3, P) their projection on the fixed columns."""
        return values - _times(self._basis, _times(self._basis[: self.n_fitted].T, values[:, :, : self.n_fitted]))


def _continued_basis(columns: np.ndarray, n_fitted: int) -> np.ndarray:
    """A basis of the columns (P, C) on all rows that is orthonormal on the first `n_fitted` rows."""
    left, values, right = np.linalg.svd(columns[:n_fitted], full_matrices=False)
    kept = values > CUTOFF * values[0]
    return np.concatenate([left[:, kept], columns[n_fitted:] @ (right.T[:, kept] / values[kept])])


def _sparse(matrix: sparse.sparray, device: torch.device) -> Tensor:
    coordinates = sparse.coo_array(matrix)
    places = torch.from_numpy(np.stack(coordinates.coords).astype(np.int64))
    values = torch.from_numpy(coordinates.data)
    return torch.sparse_coo_tensor(places, values, coordinates.shape, check_invariants=False).coalesce().to(device)


def _times(matrix: Tensor, values: Tensor) -> Tensor:
    """A matrix (A, B), sparse or dense, times each row of (N, 3, B), in one product: (N, 3, A)."""
    product: Tensor = (matrix @ values.flatten(0, 1).T).T
    return product.reshape(*values.shape[:2], -1)


def _pixel_rows(maps: Tensor) -> Tensor:
    """Reshapes maps (N, C, h, w) to rows (N, h * w, C)."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def minimum_norm_error(features: list[Tensor], colours: Tensor, split: PixelSplit) -> float:
    """Fits one image by the minimum-norm least-squares solution, in float64, with every stage of the network.

    A stage with more channels than cells enters as U_k R^T, where F_k^T = Q R: this has the singular values and
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
