"""Figure 2, the method as a diagram, drawn from the stages of a real run: the demo on the embedded drawings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from mia_exp.attacks.numerics.difficulty_scorer import NETWORK_SCALE, resize
from mia_exp.attacks.numerics.loss_map import loss_maps
from mia_exp.attacks.numerics.regression import CUTOFF, split_pixels, upsample
from mia_exp.config import Config
from mia_exp.config.command_line import read_command
from mia_exp.pipeline import Pipeline
from mia_exp.report.style import BLIND
from mia_exp.reproduce.paper_figure import paper_figure

EXPERIMENT = "demo"


def draw_diagram(stem: Path) -> None:
    """Runs the demo, as far as it is not cached, and draws the steps of the attack for one of its members.

    Args:
        stem: The file's path without extension; a PNG and a PDF are written.

    Raises:
        MiaError: The run fails.
    """
    [job] = read_command([f"experiment={EXPERIMENT}"]).jobs
    config = job.config
    pipeline = Pipeline(config)
    pipeline.run()
    scores = pipeline.scores
    members = scores.loc[list(pipeline.split_lists.members)]
    # The member with the median error, as a typical example.
    chosen = members["l_rec"].sort_values().index[len(members) // 2]
    assert pipeline.outputs is not None
    store = pipeline.pair_store
    row = store.rows([chosen])[0]
    x, y, v = store.x[row], store.y[row], np.asarray(pipeline.outputs.values[pipeline.ids.index(chosen)])
    tensors = [torch.from_numpy(image[..., :3].copy()).permute(2, 0, 1) / 255 for image in (x, y)]
    parts = DifficultyParts.of(*config.difficulty.source.images(*tensors), config)
    described, predicted = config.difficulty.source.images("x", "y")
    with paper_figure(stem, 4.6) as figure:
        axes = figure.subplots(2, 4)
        _show(axes[0], (x, v, y, loss_maps(y, v).max(-1)), ("query x", "output V(x)", "target y", "|V(x) − y|"))
        titles = (
            f"{predicted}, at 56 × 56",
            rf"features $\psi$ of {described}",
            r"linear fit $P\psi$",
            "error, held-out pixels",
        )
        _show(axes[1], (parts.image, parts.features, parts.predicted, parts.error), titles)
        score = scores.loc[chosen]
        axes[0][3].set_xlabel(rf"mean: $L_{{rec}}$ = {score['l_rec']:.3f}", fontsize=11)
        axes[1][3].set_xlabel(rf"mean: $L_{{diff}}$ = {score['l_diff']:.3f}", fontsize=11)
        for first, second, line in ((0, 1, "V"), (4, 5, "network"), (5, 6, "least squares")):
            _arrow(figure, axes.flat[first], axes.flat[second], line)
        figure.supxlabel(
            rf"$L_{{mem}} = L_{{rec}} - \alpha L_{{diff}}$ = {score['l_mem']:.3f}: a member, if below a threshold",
            fontsize=12,
        )


@dataclass(frozen=True)
class DifficultyParts:
    """The intermediate results of L_diff, as images of side S = `difficulty.working_size`.

    Attributes:
        image: The image whose colours are predicted, at that size, (S, S, 3) in [0, 1].
        features: The first three principal components of psi, (S, S, 3), scaled to [0, 1].
        predicted: P psi, (S, S, 3), clipped to [0, 1].
        error: Mean absolute error of each held-out pixel, (S, S); NaN for fitted pixels.
    """

    image: np.ndarray
    features: np.ndarray
    predicted: np.ndarray
    error: np.ndarray

    @classmethod
    def of(cls, described: Tensor, predicted: Tensor, config: Config) -> "DifficultyParts":
        """Computes them for two images (3, H, W) in [0, 1], by plain least squares on all columns."""
        size, method = config.difficulty.working_size, config.difficulty.resize
        colours = resize(predicted[None], size, method)[0].flatten(1).T.double().numpy()
        with torch.inference_mode():
            stages = config.features.load()(resize(described[None], size * NETWORK_SCALE, method))
            columns = torch.cat([upsample(stage, size)[0] for stage in stages]).flatten(1).T.double().numpy()
        split = split_pixels(size, config.difficulty.fitted_share, config.difficulty.seed)
        design = np.column_stack([columns, np.ones(len(columns))])
        solution = np.linalg.lstsq(design[split.fitted], colours[split.fitted], rcond=CUTOFF)[0]
        fit = design @ solution
        error = np.full(size * size, np.nan)
        error[split.held_out] = np.abs(fit - colours)[split.held_out].mean(1)
        left, values, _ = np.linalg.svd(columns - columns.mean(0), full_matrices=False)
        directions = left[:, :3] * values[:3]
        low, high = np.percentile(directions, [2, 98], axis=0)
        shape = (size, size, 3)
        return cls(
            colours.clip(0, 1).reshape(shape),
            ((directions - low) / (high - low)).clip(0, 1).reshape(shape),
            fit.clip(0, 1).reshape(shape),
            error.reshape(size, size),
        )


def _show(axes: np.ndarray, images: tuple[np.ndarray, ...], titles: tuple[str, ...]) -> None:
    for axis, image, title in zip(axes, images, titles, strict=True):
        axis.imshow(image, cmap="magma")
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
        axis.spines[:].set_visible(False)
        axis.set_title(title, fontsize=11)


def _arrow(figure: Figure, start: Axes, end: Axes, text: str) -> None:
    style = {"arrowstyle": "->", "color": BLIND, "linewidth": 1.6}
    end.annotate(
        "", (-0.03, 0.5), (1.03, 0.5), xycoords=end.transAxes, textcoords=start.transAxes, arrowprops=style
    )
    end.annotate(text, (-0.1, 0.56), xycoords=end.transAxes, ha="right", color=BLIND, fontsize=9)
