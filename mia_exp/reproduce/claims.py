"""The paper's claims, each in its own polarity, with the contrast that tests it."""

from dataclasses import dataclass

from mia_exp.reproduce import claim_cells as cells
from mia_exp.reproduce.claim_cells import Cells
from mia_exp.reproduce.criteria import Criterion, above, below, within
from mia_exp.reproduce.published import (
    CASES,
    CELEBA,
    CITYSCAPES,
    FACADES,
    FIRST_PANELS,
    MAPS,
    OTHER_PANELS,
    PIX2PIX,
    PIX2PIXHD,
)

# Two AUCs are called similar if they differ by less than this.
SIMILAR = 0.02
# "Much better than random" and "high", which the paper does not put into numbers.
FAR_ABOVE_CHANCE = 0.6
HIGH = 0.9


@dataclass(frozen=True)
class Claim:
    """A statement of the paper.

    Attributes:
        name: Identifies it, such as `table2-supervised`.
        item: The item of the paper, such as `table2`.
        text: The claim, as the paper makes it.
        test: The contrast that is estimated, and when the claim holds.
        criterion: What the intervals must show.
        cells: Finds the tests among the results.
        cases: The victims and datasets that the paper makes it for: it holds only if it holds for all of them.
        untested: Why none is tested, if it is not for want of a run.
        remark: Where the claim does not hold, the strongest other explanation and the run that tests it. It has no
            number of its own: `{NAME}` stands for the estimates of another claim.
    """

    name: str
    item: str
    text: str
    test: str
    criterion: Criterion
    cells: Cells
    cases: tuple[tuple[str, str], ...] = CASES
    untested: str = "not run yet"
    remark: str = ""


@dataclass(frozen=True)
class Untested:
    """An item without a claim that can be tested, and why.

    Attributes:
        item: The item of the paper.
        text: What it shows or claims.
        why: Why it is not tested.
    """

    item: str
    text: str
    why: str


_OF_PIX2PIX = tuple(case for case in CASES if case[0] == PIX2PIX)
_MAPS_AND_CITYSCAPES = tuple(case for case in CASES if case[1] in (MAPS, CITYSCAPES))
# Where the paper names no dataset, those that it is tested on here.
_FACADES_AND_MAPS = tuple(case for case in CASES if case[1] in (FACADES, MAPS))
_GAIN = "AUC of L_mem minus AUC of L_rec, above zero"
_LINE = "balanced accuracy of the best threshold on L_mem minus that on L_rec, above zero"

CLAIMS: tuple[Claim | Untested, ...] = (
    Claim(
        "table1",
        "table1",
        "L_mem is better than L_rec.",
        f"{_GAIN}; alpha as given with the features",
        above(),
        cells.gain("table1", "l_mem"),
    ),
    Claim(
        "table1-slope",
        "table1",
        "The same with alpha from the unlabelled slope.",
        "AUC of L_mem,slope minus AUC of L_rec, above zero",
        above(),
        cells.gain("table1", "l_mem_slope"),
    ),
    Claim(
        "table1-released",
        "table1",
        "The same with the difficulty of the released script: features of x, colours of y, alpha 1.",
        _GAIN,
        above(),
        cells.gain("table1_released", "l_mem"),
    ),
    Claim(
        "table1-stochastic",
        "table1",
        "The same where pix2pix answers with live dropout, as its test script does.",
        _GAIN,
        above(),
        cells.gain("table1_stochastic", "l_mem"),
        cases=_OF_PIX2PIX,
    ),
    Claim(
        "table2-supervised",
        "table2",
        "The single-image difficulty is better than the supervised one.",
        "AUC of L_mem,slope minus AUC of L_mem,vsd,slope, above zero",
        above(),
        cells.contrast(("table1", "l_mem_slope"), ("table2", "l_mem_vsd_slope")),
    ),
    Claim(
        "table2-supervised-fixed",
        "table2",
        "The same with both alphas as given.",
        "AUC of L_mem minus AUC of L_mem,vsd, above zero",
        above(),
        cells.contrast(("table1", "l_mem"), ("table2", "l_mem_vsd")),
    ),
    Claim(
        "table2-multi-image-hd",
        "table2",
        "It is better than a shadow model's error on pix2pixHD, at the paper's ratio of shadow pairs to members.",
        "AUC of L_mem,slope minus AUC of L_mem,multi,slope, above zero",
        above(),
        cells.contrast(("table1", "l_mem_slope"), ("table2_multi_image", "l_mem_multi_slope"), "pix2pixhd"),
        cases=FIRST_PANELS,
    ),
    Claim(
        "table2-multi-image-pix2pix",
        "table2",
        "It is close to a shadow model's error on pix2pix, at the paper's ratio.",
        "AUC of L_mem,slope minus AUC of L_mem,multi,slope, within two points",
        within(SIMILAR),
        cells.contrast(("table1", "l_mem_slope"), ("table2_multi_image", "l_mem_multi_slope"), "pix2pix"),
        cases=((PIX2PIX, MAPS), (PIX2PIX, CITYSCAPES)),
    ),
    Claim(
        "table2-bdd",
        "table2",
        "A shadow model of another dataset, BDD100K, is worse than no difficulty at all.",
        "AUC of L_mem,multi minus AUC of L_rec, below zero",
        below(),
        cells.gain("table2_bdd", "l_mem_multi"),
        cases=((PIX2PIX, CITYSCAPES), (PIX2PIXHD, CITYSCAPES)),
        untested="BDD100K is not at hand",
    ),
    Claim(
        "table3",
        "table3",
        "L_mem is better than a classifier of loss maps that was trained to convergence.",
        "AUC of L_mem minus AUC of the classifier, above zero",
        above(),
        cells.contrast(("table1", "l_mem"), ("table3", "shadow_score")),
        cases=_MAPS_AND_CITYSCAPES,
    ),
    Claim(
        "table4",
        "table4",
        "Augmented queries improve on L_mem (in the paper's own table in five of six cells).",
        "AUC of L_mem,aug minus AUC of L_mem, above zero; flips and crops",
        above(),
        cells.contrast(("table4", "l_mem_aug"), ("table1", "l_mem")),
    ),
    Claim(
        "fig1",
        "fig1",
        "Images that are hard by L_diff are detailed, easy ones plain and of low contrast.",
        "correlation of L_diff with the energy of the Laplacian, and with the contrast, above zero",
        above(),
        cells.detail_of_hard_images,
        cases=FIRST_PANELS,
    ),
    Untested("fig2", "The method as a diagram.", "it claims nothing; it is drawn from a run"),
    Claim(
        "fig3",
        "fig3",
        "One line separates members better on L_mem than on L_rec (pix2pixHD, Maps2sat and Cityscapes).",
        _LINE,
        above(),
        cells.lines(*FIRST_PANELS),
        cases=FIRST_PANELS,
    ),
    Claim(
        "fig4",
        "fig4",
        "The single-image difficulty holds its own against a shadow model of few pairs.",
        "AUC of L_mem,slope minus AUC of L_mem,multi,slope, one shadow pair in 8 members or fewer: above -2 points",
        above(-SIMILAR),
        cells.few_shadow_pairs,
        cases=_MAPS_AND_CITYSCAPES,
    ),
    Claim(
        "fig5",
        "fig5",
        "L_rec correlates more with L_diff than with the supervised score (pix2pixHD, Maps2sat and Cityscapes).",
        "difference of the two correlations, above zero",
        above(),
        cells.correlations(*FIRST_PANELS),
        cases=FIRST_PANELS,
    ),
    Claim(
        "fig6",
        "fig6",
        "As Fig. 3, on the other victims and datasets.",
        _LINE,
        above(),
        cells.lines(*OTHER_PANELS),
        cases=OTHER_PANELS,
    ),
    Claim(
        "fig7",
        "fig7",
        "As Fig. 5, on the other victims and datasets.",
        "difference of the two correlations, above zero",
        above(),
        cells.correlations(*OTHER_PANELS),
        cases=OTHER_PANELS,
    ),
    Claim(
        "fig8",
        "fig8",
        "L_mem is better than L_rec over a wide range of alpha.",
        f"{_GAIN} at half, once and twice the default alpha",
        above(),
        cells.alphas,
    ),
    Claim(
        "fig9",
        "fig9",
        "The longer the training, the better the attack.",
        "AUC of L_mem at the last checkpoint minus that at the first, above zero",
        above(),
        cells.last_against_first("fig9", "query.epoch", "l_mem", "epoch"),
    ),
    Claim(
        "fig10-invisible",
        "fig10",
        "Only noise that visibly corrupts the outputs has a significant effect.",
        "AUC of L_mem with noise of SSIM 0.9 or more minus that without noise, within two points",
        within(SIMILAR),
        cells.invisible_noise,
        cases=_FACADES_AND_MAPS,
    ),
    Claim(
        "fig10-strongest",
        "fig10",
        "Even with large noise the attack is much better than random.",
        "AUC of L_mem at the largest sigma, above 60 %",
        above(FAR_ABOVE_CHANCE),
        cells.strongest_noise,
        cases=_FACADES_AND_MAPS,
    ),
    Claim(
        "fig11-pairs",
        "fig11",
        "The classifier of loss maps depends on the number of shadow pairs.",
        "its AUC with the most pairs minus that with the fewest, above zero",
        above(),
        cells.last_against_first("fig11", "shadow.n_pairs", "shadow_score", "pairs"),
        cases=((PIX2PIXHD, MAPS),),
    ),
    Claim(
        "fig11-above",
        "fig11",
        "L_mem, which needs no shadow pairs, stays above the classifier.",
        "AUC of L_mem minus AUC of the classifier, above zero at each number of pairs",
        above(),
        cells.above_the_classifier,
        cases=((PIX2PIXHD, MAPS),),
    ),
    Claim(
        "fig12",
        "fig12",
        "On faces from landmarks the AUC is high.",
        "AUC of L_mem, above 90 %",
        above(HIGH),
        cells.faces,
        cases=((PIX2PIXHD, CELEBA),),
    ),
    Untested(
        "fig13",
        "Easiest and hardest images by the supervised difficulty.",
        "the images may not be redistributed; the command draws them beside the runs",
    ),
    Untested(
        "fig14",
        "The backbone's own training images do not get lower difficulties.",
        "ImageNet is not at hand; the command runs where it is",
    ),
    Claim(
        "fig15-below",
        "fig15",
        "Below half of the pixels the attack is unstable.",
        "SD of the AUC over draws of the pixels, mean of the shares below half minus that of the others, above 0",
        above(),
        cells.instability,
        cases=((PIX2PIXHD, CITYSCAPES),),
    ),
    Claim(
        "fig15-above",
        "fig15",
        "From half of the pixels on it is stable.",
        "range of the mean AUC over the shares from half on, below two points",
        below(SIMILAR),
        cells.stability,
        cases=((PIX2PIXHD, CITYSCAPES),),
    ),
    Claim(
        "fig16",
        "fig16",
        "The attack is not very sensitive to the resize method.",
        "range of the AUC over the methods, below two points",
        below(SIMILAR),
        cells.resize_methods,
        cases=((PIX2PIXHD, CITYSCAPES),),
    ),
    Claim(
        "fig17",
        "fig17",
        "A victim whose loss is weighted by the difficulty attends more to difficult images.",
        "error of the hardest quarter of the members over that of the easiest, with weights minus without, below 0",
        below(),
        cells.weighted(cells.attention, "hard / easy"),
        cases=((PIX2PIX, FACADES), (PIX2PIXHD, FACADES), (PIX2PIXHD, MAPS)),
    ),
)
