"""Training: losses, schedule, the same numbers again, going on after an interruption, and what can go wrong."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from mia_exp.core.errors import TrainingError, WeightsError
from mia_exp.core.seeds import derive
from mia_exp.data import InputLayout
from mia_exp.data.augment import TrainingPairs
from mia_exp.data.pairs_module import PairsModule
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.store import PairStore
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.adversarial import Batch
from mia_exp.victims.generator_file import load_generator
from mia_exp.victims.kept import generator_file, training_set_hash
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.pix2pix.pix2pix_module import Pix2PixModule
from mia_exp.victims.pix2pixhd.pix2pixhd import Pix2PixHD
from mia_exp.victims.train import RESUME_FILE, check_weights, train

CONFIG = Pix2Pix(image_size=64, ngf=4, ndf=4, epochs=4, decay_epochs=1, batch_size=4)
TRAINER = TrainerSettings(accelerator="cpu", resume_seconds=0)


@pytest.fixture(scope="module")
def store(folder_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> PairStore:
    source = FolderDataset(root=str(folder_dataset)).open(Path())
    return PairStore.build(
        source, source.records(), CONFIG.load_size, CONFIG.image_size, tmp_path_factory.mktemp("store")
    )


def trained(
    store: PairStore,
    folder: Path,
    config: Pix2Pix = CONFIG,
    trainer: TrainerSettings = TRAINER,
    weights: Sequence[float] | None = None,
    held_out: Sequence[str] = (),
) -> dict[str, torch.Tensor]:
    folder.mkdir(exist_ok=True)
    train(config, trainer, InputLayout(), data(store, config, weights, held_out), folder)
    return load_file(folder / generator_file(config.epochs))


def data(
    store: PairStore, config: Pix2Pix, weights: Sequence[float] | None = None, held_out: Sequence[str] = ()
) -> PairsModule:
    """Ten training pairs, and those held out."""
    pairs = TrainingPairs(store, store.ids[:10], config.image_size, config.augment, config.seed, weights)
    others = TrainingPairs(store, held_out, config.image_size, False, 0) if held_out else None
    return PairsModule(pairs, config.batch_size, config.seed, others)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_losses_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    module = CONFIG.build_module(InputLayout(), 1).eval()
    x, y = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    fake = module.generator(x)
    with torch.no_grad():
        real_probability = module.discriminator(x, y).sigmoid().double()
        fake_probability = module.discriminator(x, fake).sigmoid().double()
    loss, parts = module.discriminator_losses(x, y, fake.detach())
    d_real, d_fake = parts["d_real"], parts["d_fake"]
    assert float(d_real) == pytest.approx(-float(real_probability.log().mean()), rel=1e-5)
    assert float(d_fake) == pytest.approx(-float((1 - fake_probability).log().mean()), rel=1e-5)
    assert float(loss) == pytest.approx(float(d_real + d_fake) / 2)
    loss, parts = module.generator_losses(x, y, fake, torch.ones(2))
    g_gan = parts["g_gan"]
    assert float(g_gan) == pytest.approx(-float(fake_probability.log().mean()), rel=1e-5)
    # On the original's scale of [-1, 1].
    l1 = F.l1_loss(2 * fake - 1, 2 * y - 1)
    assert float(loss) == pytest.approx(float(g_gan + 100 * l1), rel=1e-5)
    # Each image's loss counts as much as its weight says.
    alone = [
        module.generator_losses(*(part[row : row + 1] for part in (x, y, fake)), torch.ones(1))[0]
        for row in range(2)
    ]
    weighted, _ = module.generator_losses(x, y, fake, torch.tensor([0.5, 1.5]))
    assert float(weighted) == pytest.approx(float(0.5 * alone[0] + 1.5 * alone[1]) / 2, rel=1e-4)


def test_learning_rate_is_constant_then_falls_to_almost_nothing() -> None:
    config = replace(CONFIG, epochs=200, decay_epochs=100)
    # By hand from the original's rule, 1 - max(0, epoch + 1 - n_epochs) / (n_epochs_decay + 1), epochs from 0.
    expected = {0: 1.0, 98: 1.0, 99: 1.0, 100: 100 / 101, 149: 51 / 101, 199: 1 / 101}
    assert {
        epoch: config.build_module(InputLayout(), 1).learning_rate_factor(epoch) for epoch in expected
    } == pytest.approx(expected)


def test_same_seed_same_weights(store: PairStore, tmp_path: Path) -> None:
    first = trained(store, tmp_path / "a")
    again = trained(store, tmp_path / "b")
    other = trained(store, tmp_path / "c", config=replace(CONFIG, seed=1))
    assert same(first, again)
    assert not same(first, other)


def test_weights_of_one_change_nothing_and_others_do(store: PairStore, tmp_path: Path) -> None:
    plain = trained(store, tmp_path / "plain")
    assert same(plain, trained(store, tmp_path / "ones", weights=[1.0] * 10))
    assert not same(plain, trained(store, tmp_path / "others", weights=[2.0, 0.0] * 5))


def test_mixed_precision_trains_float32_weights_to_about_the_same_losses(store: PairStore, tmp_path: Path) -> None:
    settings = {"epochs": 2, "decay_epochs": 0, "dropout": False}
    exact = trained(store, tmp_path / "exact", replace(CONFIG, **settings))
    trainer = replace(TRAINER, precision="bf16-mixed")
    mixed = trained(store, tmp_path / "mixed", replace(CONFIG, **settings), trainer)
    assert not same(exact, mixed)
    assert {tensor.dtype for tensor in mixed.values()} == {tensor.dtype for tensor in exact.values()}
    first, second = (
        next(iter(csv.DictReader((tmp_path / name / "losses.csv").open()))) for name in ("exact", "mixed")
    )
    # bf16 has 8 bits: a loss keeps two to three digits.
    for name in ("l1", "g_gan", "d_real", "d_fake"):
        assert float(second[name]) == pytest.approx(float(first[name]), rel=0.03)


@pytest.mark.parametrize("victim", [Pix2Pix(image_size=64, ngf=4), Pix2PixHD(image_size=64, ngf=4, blocks=1)])
def test_the_image_is_not_rounded_to_the_grid_of_bf16(victim: Pix2Pix | Pix2PixHD) -> None:
    # A discriminator could tell an image on that grid from a real one.
    generator, x = victim.build_generator(InputLayout(), 1), torch.rand(2, 3, 64, 64)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        image = generator(x)
    assert image.dtype == torch.float32
    on_grid = (image == image.bfloat16()).float().mean()
    assert on_grid < 0.01


def test_losses_on_record_are_means_over_the_images(store: PairStore, tmp_path: Path) -> None:
    # Ten pairs in batches of four: the last batch counts half as much. A learning rate of almost nothing.
    config = replace(CONFIG, epochs=1, decay_epochs=0, learning_rate=1e-12, augment=False, dropout=False)
    train(config, TRAINER, InputLayout(), data(store, config), tmp_path)
    recorded = float(next(csv.DictReader((tmp_path / "losses.csv").open()))["l1"])
    with torch.random.fork_rng():
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = config.build_module(InputLayout(), 1)
    batches = data(store, config).train_dataloader()
    sums = [(len(x), float((module.generator(x) - y).abs().mean())) for x, y, _ in batches]
    assert recorded == pytest.approx(sum(n * loss for n, loss in sums) / 10, rel=1e-4)


def test_the_held_out_error_is_that_of_the_kept_generator_and_changes_nothing(
    store: PairStore, tmp_path: Path
) -> None:
    config = replace(CONFIG, checkpoint_epochs=[1, 2, 3], augment=False)
    without = trained(store, tmp_path / "without", config)
    (tmp_path / "with").mkdir()
    held_out = store.ids[10:]
    train(config, TRAINER, InputLayout(), data(store, config, held_out=held_out), tmp_path / "with")
    assert same(without, load_file(tmp_path / "with" / generator_file(4)))
    with (tmp_path / "with" / "losses.csv").open() as file:
        recorded = [float(row["held_out_l1"]) for row in csv.DictReader(file)]
    x, y = (images[..., :64, :64] for images in store.batch(held_out))
    for epoch, found in enumerate(recorded, 1):
        generator = config.build_module(InputLayout(), 1).generator
        generator.load_state_dict(load_file(tmp_path / "with" / generator_file(epoch)))
        with torch.no_grad():
            assert found == pytest.approx(float((generator.eval()(x) - y).abs().mean()), rel=1e-5)


def test_accumulated_batches_make_one_step_of_their_mean(store: PairStore, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=1, batch_size=5, dropout=False, augment=False)
    trained(store, tmp_path / "two", config, replace(TRAINER, accumulate_grad_batches=2))
    after = load_file(tmp_path / "two" / generator_file(1))
    with torch.random.fork_rng():
        torch.manual_seed(derive(config.seed, "initial weights"))
        module = config.build_module(InputLayout(), 1)
    optimizers, _ = module.configure_optimizers()
    # By hand: the discriminator moves at the second batch, before the generator's loss is taken of it.
    batches = list(data(store, config).train_dataloader())
    for x, y, weights in batches:
        fake = module.generator(x)
        module.discriminator_losses(x, y, fake.detach())[0].div(2).backward()
        module.discriminator.requires_grad_(False)
        if x is batches[-1][0]:
            optimizers[1].step()
        module.generator_losses(x, y, fake, weights)[0].div(2).backward()
        module.discriminator.requires_grad_(True)
    optimizers[0].step()
    for name, tensor in module.generator.state_dict().items():
        assert torch.allclose(tensor.float(), after[name].float(), atol=1e-6), name


def test_training_learns(store: PairStore, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=12, decay_epochs=0, ngf=8, learning_rate=2e-3)
    trained(store, tmp_path / "v", config)
    with (tmp_path / "v" / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 13))
    assert float(rows[-1]["l1"]) < 0.85 * float(rows[0]["l1"])


@pytest.mark.parametrize(
    ("hook", "last", "n_held_out"),
    # In the third epoch, of three steps and one batch of held-out pairs.
    [("training_step", 8, 0), ("training_step", 8, 14), ("validation_step", 3, 14)],
)
def test_an_interrupted_run_ends_like_one_that_was_not(
    store: PairStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str, last: int, n_held_out: int
) -> None:
    held_out = store.ids[10 : 10 + n_held_out]
    whole = trained(store, tmp_path / "whole", held_out=held_out)
    steps = 0
    step = getattr(Pix2PixModule, hook)

    def interrupted(self: Pix2PixModule, batch: Batch, batch_idx: int) -> None:
        nonlocal steps
        steps += 1
        if steps == last:
            raise KeyboardInterrupt
        step(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(Pix2PixModule, hook, interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained(store, tmp_path / "parts", held_out=held_out)
    assert (tmp_path / "parts" / RESUME_FILE).exists()
    assert same(whole, trained(store, tmp_path / "parts", held_out=held_out))
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("parts", "whole")]
    # Both to the byte, and no resume point is left.
    assert files[0] == files[1] and set(files[0]) == {generator_file(4), "losses.csv"}
    with (tmp_path / "parts" / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert all(("held_out_l1" in row) == bool(n_held_out) for row in rows)
    assert len({row["l1"] for row in rows}) == 4


def test_chosen_epochs_are_kept_and_do_not_change_the_last(store: PairStore, tmp_path: Path) -> None:
    plain = trained(store, tmp_path / "plain")
    kept = trained(store, tmp_path / "kept", replace(CONFIG, checkpoint_epochs=[1, 3]))
    assert same(plain, kept)
    names = {path.name for path in (tmp_path / "kept").glob("*.safetensors")}
    assert names == {generator_file(1), generator_file(3), generator_file(4)}
    # Epoch 1 of a longer run is the whole of a run of one epoch: same seed, same order, same dropout.
    one = trained(store, tmp_path / "one", replace(CONFIG, epochs=1, decay_epochs=0))
    assert same(one, load_file(tmp_path / "kept" / generator_file(1)))


def test_a_loss_that_is_not_finite_stops_and_keeps_what_was_made(store: PairStore, tmp_path: Path) -> None:
    config = replace(CONFIG, learning_rate=1e37)
    with pytest.raises(TrainingError, match=r"not a finite number in epoch \d.*victim.learning_rate"):
        trained(store, tmp_path / "v", config)
    assert not (tmp_path / "v" / generator_file(4)).exists()


@pytest.mark.parametrize("content", [b"not a checkpoint", b""])
def test_a_damaged_resume_point_is_named_and_kept(store: PairStore, tmp_path: Path, content: bytes) -> None:
    resume = tmp_path / RESUME_FILE
    resume.write_bytes(content)
    with pytest.raises(WeightsError, match=str(resume)):
        trained(store, tmp_path)
    assert resume.read_bytes() == content


def test_somebody_elses_checkpoint_is_refused(store: PairStore, tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / RESUME_FILE)
    with pytest.raises(WeightsError, match="not a checkpoint that this package wrote"):
        trained(store, tmp_path)


def test_weights_of_another_shape_split_or_maker_are_refused(store: PairStore, tmp_path: Path) -> None:
    trained(store, tmp_path / "v")
    path = tmp_path / "v" / generator_file(4)
    generator, training_set = load_generator(path, partial(CONFIG.build_generator, InputLayout(), 10))
    members = store.ids[:10]
    assert training_set == training_set_hash(members) and generator.architecture["ngf"] == 4
    good = replace(CONFIG, weights=str(path))
    assert check_weights(good, InputLayout(), members) == path
    with pytest.raises(WeightsError, match="trained on other pairs"):
        check_weights(good, InputLayout(), store.ids[1:11])
    with pytest.raises(WeightsError, match="ngf 4 instead of 8"):
        check_weights(replace(good, ngf=8), InputLayout(), members)
    with pytest.raises(WeightsError, match="class UNetGenerator instead of ResidualGenerator"):
        check_weights(Pix2PixHD(image_size=64, ngf=4, weights=str(path)), InputLayout(), members)
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"\0" * 100)
    for wrong in (foreign, tmp_path / "missing.safetensors"):
        with pytest.raises(WeightsError, match=str(wrong)):
            check_weights(replace(CONFIG, weights=str(wrong)), InputLayout(), members)
