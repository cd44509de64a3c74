"""Augmented queries: which windows of which size are queried, against files that are read and cut here."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mia_exp.attacks.augmented import Augmented
from mia_exp.config.compose import compose_run
from mia_exp.core.errors import ConfigError
from mia_exp.core.image_sizes import ImageSizes
from mia_exp.core.seeds import derive
from mia_exp.pipeline import Pipeline
from tests.cli import tiny

VARIANTS = 3
PIX2PIXHD = ["victim=pix2pixhd", "victim.blocks=1", "victim.downsamplings=2", "victim.perceptual=none"]
HD = ImageSizes(16, 32, 2048)
FIXED = ImageSizes.only(256)


@pytest.mark.parametrize(
    ("settings", "sizes", "image_size", "expected"),
    [
        # As in pix2pix: a crop of the victim's size from 286/256 of it, and the pair itself without crops.
        ({}, FIXED, 256, (286, 256)),
        ({"kinds": ["crop"]}, ImageSizes.only(64), 64, (72, 64)),
        ({"kinds": ["flip"]}, FIXED, 256, (256, 256)),
        # The whole pair, enlarged: 286 is nearest to 18 * 16, and 71.5 to 9 * 8.
        ({"kinds": ["flip"], "load_ratio": 286 / 256}, HD, 256, (288, 288)),
        ({"kinds": ["flip"], "load_ratio": 286 / 256}, ImageSizes(8, 16, 2048), 64, (72, 72)),
        ({"kinds": ["flip"], "load_ratio": 0.75}, HD, 256, (192, 192)),
        # A window at the victim's own scale: 229 is nearest to 14 * 16.
        ({"load_ratio": 1.0, "crop_ratio": 256 / 286}, HD, 256, (256, 224)),
        # What pairs are loaded at is not queried, so no multiple of 16.
        ({"load_ratio": 1.5, "crop_ratio": 1.25}, HD, 100, (150, 128)),
    ],
)
def test_sides_of_pairs_and_queries(
    settings: dict[str, object], sizes: ImageSizes, image_size: int, expected: tuple[int, int]
) -> None:
    assert Augmented(**settings).sides(image_size, sizes) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "sizes", "image_size", "message"),
    [
        (
            {"kinds": ["flip"], "load_ratio": 1.125},
            FIXED,
            256,
            r"attack\.load_ratio=1\.125: .* found 288 pixels, .*victim\.image_size=256; it answers only 256 pixels",
        ),
        (
            {"load_ratio": 1.0, "crop_ratio": 0.5},
            FIXED,
            256,
            r"attack\.crop_ratio=0\.5: .* found 128 pixels, .* it answers only 256 pixels",
        ),
        # Rounded to 64, nothing would be enlarged.
        (
            {"kinds": ["flip"], "load_ratio": 286 / 256},
            HD,
            64,
            r"attack\.load_ratio=1\.11719: .* found 71\.5 pixels, .* multiples of 16 pixels from 32 to 2048",
        ),
        ({"crop_ratio": 0.1}, HD, 64, r"attack\.crop_ratio=0\.1: .* found 6\.4 pixels"),
        ({"kinds": ["flip"], "load_ratio": 8.0}, HD, 512, r"attack\.load_ratio=8: .* found 4096 pixels"),
        (
            {"load_ratio": 1.0},
            HD,
            256,
            r"crop_ratio=1: a window of 256 pixels crops nothing from a pair of 256, attack\.load_ratio=1 times",
        ),
        ({"crop_ratio": 1.5}, HD, 256, r"crop_ratio=1\.5: a window of 384 pixels crops nothing .* of 286"),
    ],
)
def test_sizes_that_cannot_be_queried(
    settings: dict[str, object], sizes: ImageSizes, image_size: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Augmented(**settings).check_images(image_size, sizes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def queried() -> Iterator[list[np.ndarray]]:
    """All queries of the module's runs, uint8 (H, W, 3); the black box answers with the negative of x."""
    seen: list[np.ndarray] = []

    def negative(x: torch.Tensor) -> torch.Tensor:
        seen.extend((x * 255).round().byte().permute(0, 2, 3, 1).numpy())
        return 1 - x

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mia_exp.victims.query.black_box", lambda generator, config, device: negative)
        yield seen


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The victims of this module, each trained once."""
    return tmp_path_factory.mktemp("augmented")


def opened(dataset: Path, artifacts: Path, *words: str) -> Pipeline:
    more = ["attack=augmented", f"attack.variants={VARIANTS}", "split.n_members=4", "victim.epochs=1"]
    return Pipeline(compose_run(tiny(dataset, *more, f"output_dir={artifacts}", *words)))


def errors(run: Pipeline, queried: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """L_rec,aug by id, and the queries that it was made from, (N, K, H, W, 3)."""
    # What comes first is the standard queries, of which cached runs have none.
    for stage in list(run.stages.values())[:-1]:
        run.store.get(stage)
    queried.clear()
    found = run.evidence.table(run.stages["augmented"])["l_rec_aug"].loc[run.ids].to_numpy()
    queries = np.stack(queried)
    return found, queries.reshape(len(run.ids), VARIANTS, *queries.shape[1:])


def at(dataset: Path, side: str, id: str, size: int) -> np.ndarray:
    """An image of the dataset, read from its file and resized."""
    image = Image.open(dataset / side / f"{id}.png").convert("RGB")
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)).astype(int)


def error(x: np.ndarray, y: np.ndarray) -> float:
    """L1 on [0, 1] of the black box that answers with the negative."""
    return float(np.abs((255 - x) - y).mean() / 255)


def test_the_enlarged_pair_alone(folder_dataset: Path, artifacts: Path, queried: list[np.ndarray]) -> None:
    words = [*PIX2PIXHD, "attack.kinds=[flip]", f"attack.load_ratio={286 / 256}"]
    run = opened(folder_dataset, artifacts, *words)
    found, queries = errors(run, queried)
    # 71.5 pixels, of which the nearest multiple of 4 is 72.
    assert queries.shape[2:] == (72, 72, 3)
    flips = set()
    for row, id in enumerate(run.ids):
        x, y = (at(folder_dataset, side, id, 72) for side in ("inputs", "targets"))
        # A mirrored pair has the same error.
        assert found[row] == pytest.approx(error(x, y), abs=1e-12)
        for query in queries[row]:
            straight = np.array_equal(query, x)
            assert straight or np.array_equal(query, x[:, ::-1])
            flips.add(straight)
    assert flips == {True, False}
    assert run.attack.details(run.evidence)["side of a query in pixels"] == 72


@pytest.mark.parametrize("kinds", ["[crop]", "[flip,crop]"])
def test_crops_alone_are_windows_at_the_victims_own_scale(
    kinds: str, folder_dataset: Path, artifacts: Path, queried: list[np.ndarray]
) -> None:
    words = [*PIX2PIXHD, f"attack.kinds={kinds}", "attack.load_ratio=1", "attack.crop_ratio=0.875"]
    run = opened(folder_dataset, artifacts, *words)
    found, queries = errors(run, queried)
    assert queries.shape[2:] == (56, 56, 3)
    places = set()
    for row, id in enumerate(run.ids):
        x, y = (at(folder_dataset, side, id, 64) for side in ("inputs", "targets"))
        expected = []
        for query in queries[row]:
            # The place that it was cut from is looked for, not drawn again.
            places_here = [
                (top, left, step)
                for top in range(9)
                for left in range(9)
                for step in (1, -1)
                if np.array_equal(query[:, ::step], x[top : top + 56, left : left + 56])
            ]
            ((top, left, step),) = places_here
            places.update(places_here)
            expected.append(error(query.astype(int), y[top : top + 56, left : left + 56][:, ::step]))
        assert found[row] == pytest.approx(np.mean(expected), abs=1e-12)
    assert len(places) > 10
    assert {step for _, _, step in places} == ({1, -1} if "flip" in kinds else {1})


@pytest.mark.parametrize("victim", [[], PIX2PIXHD])
@pytest.mark.parametrize(("kinds", "loaded"), [("[flip,crop]", 72), ("[crop]", 72), ("[flip]", 64)])
def test_earlier_settings_query_the_same_variants_to_the_bit(
    victim: list[str],
    kinds: str,
    loaded: int,
    folder_dataset: Path,
    artifacts: Path,
    queried: list[np.ndarray],
) -> None:
    run = opened(folder_dataset, artifacts, *victim, f"attack.kinds={kinds}", "attack.seed=3")
    found, _ = errors(run, queried)
    for row, id in enumerate(run.ids):
        x, y = (at(folder_dataset, side, id, loaded) for side in ("inputs", "targets"))
        expected = []
        for number in range(VARIANTS):
            rng = np.random.default_rng(derive(3, "variant", id, number))
            top, left = rng.integers(0, loaded - 64, size=2, endpoint=True)
            step = -1 if "flip" in kinds and rng.random() < 0.5 else 1
            cut = (image[top : top + 64, left : left + 64][:, ::step] for image in (x, y))
            expected.append(error(*cut))
        assert found[row] == np.mean(expected)


def test_keys_follow_the_sizes(folder_dataset: Path, artifacts: Path) -> None:
    def key(*words: str) -> str:
        return opened(folder_dataset, artifacts, *PIX2PIXHD, *words).stages["augmented"].key

    default = key()
    assert key(f"attack.load_ratio={286 / 256}") == key("attack.load_ratio=1.12") == default
    others = [
        key("attack.load_ratio=1.25"),
        key("attack.crop_ratio=0.875"),
        key("attack.load_ratio=1", "attack.crop_ratio=0.875"),
        key("attack.kinds=[flip]"),
        key("attack.kinds=[flip]", "attack.load_ratio=1.25"),
    ]
    assert len({default, *others}) == 6


def test_a_query_of_another_size_is_refused(folder_dataset: Path, artifacts: Path) -> None:
    for words, accepted, message in (([], 64, "only 64 pixels"), (PIX2PIXHD, 72, "multiples of 4 pixels from 8")):
        run = opened(folder_dataset, artifacts, *words)
        run.run()
        assert run.evidence.query(torch.zeros(1, 3, accepted, accepted)).shape[-1] == accepted
        with pytest.raises(ValueError, match=rf"{message}.*; found 64 x 66"):
            run.evidence.query(torch.zeros(1, 3, 64, 66))
