"""Every experiment of the paper's items composes, at each scale that it is run at."""

import pytest

from mia_exp.config.command_line import read_command
from mia_exp.reproduce.catalogue import ITEMS, items_at
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD

EXPERIMENTS = sorted({name for item in items_at("paper") for name in item.experiments})


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_at_the_papers_size(experiment: str) -> None:
    """At the size of two cores, which is what its file says, tests/config/test_compose.py composes it."""
    # One split and one seed; the first and the last job: those between differ from them in single values.
    jobs = read_command([f"experiment={experiment}", "scale=paper", "split=official", "seed=0"]).jobs
    for job in (jobs[0], jobs[-1]):
        config = job.config
        # CelebA's aligned faces are smaller than 256 pixels.
        assert (config.scale, config.victim.image_size) == ("paper", 160 if experiment == "fig12" else 256)
        if isinstance(config.victim, Pix2PixHD):
            assert (config.victim.perceptual, config.victim.one_hot_labels) == ("vgg19", True)


def test_the_papers_size_is_bounded_where_a_dataset_is_not() -> None:
    faces, photos = (
        read_command([f"experiment={name}", "scale=paper"]).jobs[0].config for name in ("fig12", "fig14")
    )
    assert (faces.split.n_members, faces.dataset.max_pairs, faces.dataset.skip_small) == (2000, 4200, False)
    assert faces.dataset.max_pairs == 2 * faces.split.n_members + 2 * faces.split.n_shadow, (
        "what a random split takes"
    )
    assert (photos.split.n_members, photos.split.n_shadow) == (None, 0)
    assert (photos.dataset.max_pairs, photos.dataset.skip_small) == (5000, True)
    for name in ("table1", "fig4"):
        jobs = read_command([f"experiment={name}", "scale=paper"]).jobs
        assert {job.config.dataset.max_pairs for job in jobs} == {None}


@pytest.mark.parametrize("experiment", ["table2_bdd", "table3_bdd"])
def test_a_shadow_model_on_bdd100k_has_the_papers_number_of_pairs(experiment: str) -> None:
    def numbers(*words: str) -> set[int]:
        return {job.config.shadow.n_pairs for job in read_command([f"experiment={experiment}", *words]).jobs}

    assert numbers("scale=paper") == {4000}
    assert numbers("scale=paper", "shadow.n_pairs=500") == {500}
    assert numbers("scale=cpu").isdisjoint({4000})


def test_lengths_are_tuned_on_seeds_that_nothing_is_reported_of() -> None:
    """And to the checkpoints of a run that is otherwise the one that is reported."""

    def seeds(name: str) -> set[int]:
        return {job.config.split.seed for job in read_command([f"experiment={name}", "scale=cpu"]).jobs}

    reported = {name for item in items_at("cpu") for name in item.experiments if item.name != "lengths"}
    # One of each sweep's base; its variants have fewer of the same seeds.
    assert set().union(*(seeds(name) for name in ("table1", "table4", "fig12", "fig17"))) == {0, 1, 2, 3, 4}
    assert not any(name.startswith("length_") for name in reported)
    for name in ITEMS["lengths"].experiments:
        assert seeds(name) == {100, 101, 102}
        tuned = read_command([f"experiment={name}", "scale=cpu"]).jobs[0].config.victim
        dataset, victim = name.removeprefix("length_").split("_")
        ours = (
            read_command(["experiment=table1", "scale=cpu", f"dataset={dataset}", f"victim={victim}"])
            .jobs[0]
            .config
        )
        assert ours.victim.epochs in tuned.checkpoint_epochs and ours.victim.decay_epochs == tuned.decay_epochs == 0
        assert ours.victim.checkpoint_epochs[-1] == ours.victim.epochs
