"""The numbers published by Shafran, Peleg, Hoshen (2021): ROC-AUC in percent.

Their tables disagree on three cells; all values are kept, each with the tables that print it.
"""

from dataclasses import dataclass

PIX2PIX, PIX2PIXHD = "pix2pix", "pix2pixhd"
FACADES, MAPS, CITYSCAPES, CELEBA = "facades", "maps2sat", "cityscapes", "celeba"
# The columns of the paper's tables, in its order.
CASES = tuple((victim, dataset) for victim in (PIX2PIX, PIX2PIXHD) for dataset in (FACADES, MAPS, CITYSCAPES))
# The panels of its Figs. 3 and 5, and the others, of Figs. 6 and 7.
FIRST_PANELS = ((PIX2PIXHD, MAPS), (PIX2PIXHD, CITYSCAPES))
OTHER_PANELS = tuple(case for case in CASES if case not in FIRST_PANELS)


@dataclass(frozen=True)
class Published:
    """A number of the paper.

    Attributes:
        value: In percent.
        source: The tables that print it.
        measure: `auc`, or `accuracy` at the attack's own threshold.
    """

    value: float
    source: str
    measure: str = "auc"


def _row(source: str, *values: float | None, measure: str = "auc") -> dict[tuple[str, str], list[Published]]:
    return {
        case: [Published(value, source, measure)]
        for case, value in zip(CASES, values, strict=True)
        if value is not None
    }


# By the row's name, then by victim and dataset.
PUBLISHED: dict[str, dict[tuple[str, str], list[Published]]] = {
    "l_rec": _row("Table 1", 93.39, 84.19, 77.44, 98.91, 95.73, 96.04),
    "l_mem": _row("Tables 1, 4", 96.62, 90.54, 82.23, 99.02, None, None)
    | {
        (PIX2PIXHD, MAPS): [Published(99.89, "Tables 1, 2, 4"), Published(99.19, "Table 3")],
        (PIX2PIXHD, CITYSCAPES): [
            Published(99.19, "Tables 1, 4"),
            Published(99.91, "Table 2"),
            Published(99.89, "Table 3"),
        ],
        (PIX2PIXHD, CELEBA): [Published(99.04, "Fig. 12")],
    },
    "l_mem_aug": _row("Table 4", 98.46, 92.21, 87.81, 99.09, 99.21, 99.91),
    # The paper always uses crops.
    "l_mem_aug_flips": {},
    "l_mem_vsd": _row("Table 2", 94.17, 86.54, 77.66, 98.86, 96.86, 99.19),
    "l_mem_multi": _row("Table 2", None, 92.43, 82.47, None, 82.87, 94.76),
    "l_mem_multi_bdd": _row("Table 2", None, None, 74.43, None, None, 66.2),
    "shadow_score": _row("Table 3", None, 80.15, 78.68, None, 98.63, 96.39),
    "shadow_score_bdd": _row("Table 3", None, None, 72.57, None, None, 95.78),
    "shadow_accuracy": _row("Table 3", None, 73.4, 67.5, None, 93.7, 64.0, measure="accuracy"),
    "shadow_accuracy_bdd": _row("Table 3", None, None, 56.16, None, None, 56.5, measure="accuracy"),
}
