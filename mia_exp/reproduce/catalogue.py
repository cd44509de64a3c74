"""The items that can be reproduced: the paper's tables and figures, with their experiments."""

import os
from dataclasses import dataclass
from pathlib import Path

from mia_exp.features.backbones.wide_resnet50_2 import WideResNet50

PAPER_FEATURES = WideResNet50()


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


_ITEMS = (
    Item("table1", "Reconstruction error, with and without the difficulty", ("table1",)),
    Item(
        "table2",
        "Supervised and multi-image difficulty",
        ("table1", "table2", "table2_multi_image", "table2_bdd"),
        (("table2", "vsd"), ("table2_bdd", "bdd100k")),
    ),
    Item(
        "table3",
        "Shadow-model classifier",
        ("table1", "table3", "table3_bdd"),
        (("table3_bdd", "bdd100k"),),
    ),
    Item("table4", "Augmented queries", ("table4", "table4_flips")),
    Item("seeds_facades", "The headline cells with three seeds, Facades", ("seeds_facades",)),
    Item("seeds_maps2sat", "The headline cells with three seeds, Maps2sat", ("seeds_maps2sat",)),
    Item("fig1", "Easiest and hardest images", ("fig1",)),
    Item("fig2", "The method as a diagram", ()),
    Item("fig3", "L_rec and L_mem, pix2pixHD", ("fig3",)),
    Item("fig4", "Multi-image difficulty, by number of shadow pairs", ("fig4",)),
    Item("fig5", "L_rec against two difficulties, pix2pixHD", ("fig5",), (("fig5", "vsd"),)),
    Item("fig6", "L_rec and L_mem, pix2pix", ("fig6",)),
    Item("fig7", "L_rec against two difficulties, pix2pix", ("fig7",), (("fig7", "vsd"),)),
    Item("fig8", "AUC against alpha", ("fig8",)),
    Item("fig9", "AUC against epochs", ("fig9", "fig9_maps2sat")),
    Item("fig10", "AUC against the defense's sigma", ("fig10",)),
    Item("fig11", "Shadow-model classifier, by number of shadow pairs", ("fig11",)),
    Item("fig12", "Faces from landmarks", ("fig12",)),
    Item("fig13", "Easiest and hardest images by the supervised difficulty", ("fig13",), (("fig13", "vsd"),)),
    Item("fig14", "ImageNet, training and test", ("fig14",), (("fig14", "imagenet"),)),
    Item(
        "fig15",
        "AUC against the fitted share",
        ("fig15", "fig15_wide", "fig15_untrained"),
        downloads=("fig15_wide",),
    ),
    Item("fig16", "AUC against the resize method", ("fig16",)),
    Item("fig17", "Difficulty in the victim's loss", ("fig17",)),
)
ITEMS = {item.name: item for item in _ITEMS}
