"""The items that can be reproduced: the paper's tables and figures, with their experiments."""

import os
from dataclasses import dataclass
from pathlib import Path

from mia_exp.features.backbones.wide_resnet50_2 import WideResNet50

PAPER_FEATURES = WideResNet50()
SCALES = ("cpu", "half", "paper")


@dataclass(frozen=True)
class Item:
    """A table or a figure.

    Attributes:
        name: Such as `table4`: the target is `make reproduce-table4`.
        title: What it shows.
        experiments: Names of its experiment files.
        needs: Experiments whose dataset cannot be downloaded automatically, with the required folder in
            $MIA_EXP_DATA; if it is missing, they are skipped and named.
        downloads: Experiments that need the ImageNet weights of Wide-ResNet50-2; they are skipped unless the
            weights have been downloaded, so that an item does not depend on a network connection.
    """

    name: str
    title: str
    experiments: tuple[str, ...]
    needs: tuple[tuple[str, str], ...] = ()
    downloads: tuple[str, ...] = ()

    def wanting(self, experiment: str) -> str | None:
        """A missing requirement of an experiment; None if there is none."""
        if experiment in self.downloads and not PAPER_FEATURES.is_available():
            return "the weights of Wide-ResNet50-2 (features=wide_resnet50_2 downloads them)"
        for name, folder in self.needs:
            if name == experiment:
                place = os.environ.get("MIA_EXP_DATA")
                if place is None or not (Path(place) / folder).is_dir():
                    return f"$MIA_EXP_DATA/{folder}"
        return None


# One experiment for each victim and dataset.
_LENGTHS = tuple(
    f"length_{case}"
    for case in (
        "facades_pix2pix",
        "facades_pix2pixhd",
        "maps2sat_pix2pix",
        "maps2sat_pix2pixhd",
        "cityscapes_pix2pix",
        "cityscapes_pix2pixhd",
        "celeba_pix2pixhd",
    )
)
# The same on Cityscapes is a separate experiment, with fewer seeds.
_TABLE1 = ("table1", "table1_cityscapes")
_TABLE2 = ("table2", "table2_cityscapes")
_VSD = tuple((name, "vsd") for name in _TABLE2)

_ITEMS = (
    Item(
        "table1",
        "Reconstruction error, with and without the difficulty",
        (
            *_TABLE1,
            "table1_released",
            "table1_released_cityscapes",
            "table1_stochastic",
            "table1_stochastic_cityscapes",
        ),
    ),
    Item(
        "table2",
        "Supervised and multi-image difficulty",
        (*_TABLE1, *_TABLE2, "table2_multi_image", "table2_multi_image_cityscapes", "table2_bdd"),
        (*_VSD, ("table2_bdd", "bdd100k")),
    ),
    Item(
        "table3",
        "Shadow-model classifier",
        (*_TABLE1, "table3", "table3_cityscapes", "table3_bdd"),
        (("table3_bdd", "bdd100k"),),
    ),
    Item(
        "table4",
        "Augmented queries",
        (
            *_TABLE1,
            "table4",
            "table4_cityscapes",
            "table4_flips",
            "table4_flips_cityscapes",
            "table4_crop",
            "table4_enlarged",
        ),
    ),
    Item("fig1", "Easiest and hardest images", ("fig1", *_TABLE1)),
    Item("fig2", "The method as a diagram", ()),
    Item("fig3", "L_rec and L_mem, pix2pixHD", _TABLE1),
    Item(
        "fig4",
        "Multi-image difficulty, by number of shadow pairs",
        (*_TABLE1, "fig4", "fig4_pix2pix", "fig4_cityscapes", "fig4_cityscapes_pix2pix"),
    ),
    Item("fig5", "L_rec against two difficulties, pix2pixHD", _TABLE2, _VSD),
    Item("fig6", "L_rec and L_mem, the other victims", _TABLE1),
    Item("fig7", "L_rec against two difficulties, the other victims", _TABLE2, _VSD),
    Item("fig8", "AUC against alpha", _TABLE1),
    Item("fig9", "AUC against epochs", ("fig9", "fig9_cityscapes")),
    Item("fig10", "AUC against the defense's sigma", ("fig10",)),
    Item("fig11", "Shadow-model classifier, by number of shadow pairs", (*_TABLE1, "fig11")),
    Item("fig12", "Faces from landmarks", ("fig12",)),
    Item("fig13", "Easiest and hardest images by the supervised difficulty", _TABLE2, _VSD),
    Item("fig14", "ImageNet, training and test", ("fig14",), (("fig14", "imagenet"),)),
    Item(
        "fig15",
        "AUC against the fitted share",
        (*_TABLE1, "fig15", "fig15_wide", "fig15_untrained"),
        downloads=("fig15_wide",),
    ),
    Item("fig16", "AUC against the resize method", ("fig16",)),
    Item("fig17", "Difficulty in the victim's loss", (*_TABLE1, "fig17", "fig17_pix2pix")),
    Item("lengths", "How long each victim is trained, tuned on seeds that are not reported", _LENGTHS),
    Item("sizes", "AUC against the size of the images, pix2pix on Facades", ("sizes", "sizes_augmented")),
)
ITEMS = {item.name: item for item in _ITEMS}


# Items of one scale alone: at half the paper's size no other is affordable, and lengths are tuned for two cores.
_OF_ONE_SCALE = {"sizes": "half", "lengths": "cpu"}


def items_at(scale: str) -> list[Item]:
    """The items that are made at a scale."""
    if scale == "half":
        return [ITEMS["sizes"]]
    return [item for item in _ITEMS if _OF_ONE_SCALE.get(item.name, scale) == scale]
