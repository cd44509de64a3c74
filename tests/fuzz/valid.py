"""Small valid files of every kind that is read, made by the code that writes them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from pytorch_lightning import LightningModule, Trainer
from safetensors.torch import save, save_file
from torch import nn

from mia_exp.attacks.numerics import loss_map_classifier
from mia_exp.attacks.numerics.search_time_regressor import SearchTimeRegressor
from mia_exp.attacks.supervised import Supervised
from mia_exp.core.artifacts import MANIFEST, ArtifactStore, Stage
from mia_exp.data import InputLayout, Split
from mia_exp.data.augment import TrainingPairs
from mia_exp.data.pairs_module import PairsModule
from mia_exp.data.readers.folder import FolderDataset
from mia_exp.data.store import PairStore
from mia_exp.training.resume_point import ResumePoint
from mia_exp.training.trainer_settings import TrainerSettings
from mia_exp.victims.generator_file import save_generator
from mia_exp.victims.kept import training_set_hash
from mia_exp.victims.pix2pix.pix2pix import Pix2Pix
from mia_exp.victims.pix2pix.unet import UNetGenerator
from mia_exp.victims.pix2pixhd.residual_generator import ResidualGenerator
from mia_exp.victims.train import train as train_victim
from tests.conftest import draw_pair

# The endings that a dataset's images may have, and how Pillow is told to save them.
IMAGES = {
    "png": {},
    "jpg": {"quality": 90},
    "bmp": {},
    "gif": {},
    "ppm": {},
    "tif": {"compression": "tiff_lzw"},
    "webp": {"lossless": True},
}
SIDE = 24


def image_bytes(ending: str, image: Image.Image | None = None, **options: object) -> bytes:
    """A drawing as a file of that ending."""
    buffer = io.BytesIO()
    drawn = image or draw_pair(1, SIDE)[1]
    drawn.save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper()), **IMAGES[ending], **options)
    return buffer.getvalue()


def odd_images() -> list[bytes]:
    """Palettes, transparency, 16 bits, EXIF, CMYK, animation: what takes other ways through the decoder."""
    drawn = draw_pair(2, SIDE)[1]
    exif = Image.Exif()
    exif[0x0112] = 6
    sixteen = Image.fromarray(np.asarray(drawn.convert("L")).astype(np.uint16) * 200)
    return [
        image_bytes("png", drawn.convert("P"), transparency=3),
        image_bytes("png", drawn.convert("RGBA"), exif=exif),
        image_bytes("png", sixteen),
        image_bytes("tif", sixteen),
        image_bytes("jpg", drawn, exif=exif, progressive=True),
        image_bytes("jpg", drawn.convert("CMYK")),
        image_bytes("gif", drawn, save_all=True, append_images=[draw_pair(3, SIDE)[1]]),
        image_bytes("webp", drawn.convert("RGBA"), exif=exif),
        image_bytes("tif", drawn.convert("1")),
    ]


def numbers_image(ending: str = "png", bits: int = 8) -> bytes:
    """A map of the numbers 0 to 3."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    numbers = (rows // 12 * 2 + columns // 12).astype(np.uint8 if bits == 8 else np.uint16)
    return image_bytes(ending, Image.fromarray(numbers))


def landmarks(count: int) -> bytes:
    """A CSV of three faces."""
    points = np.random.default_rng(0).uniform(0, SIDE, (3, 2 * count)).round(1)
    header = ",".join(["image", *(f"{axis}{number}" for number in range(count) for axis in "xy")])
    rows = [",".join([f"{number:06d}.jpg", *map(str, row)]) for number, row in enumerate(points)]
    return "\n".join([header, *rows]).encode()


def build_unet() -> nn.Module:
    """A U-Net like that in the file."""
    return UNetGenerator(64, 1, True)


def build_residual() -> nn.Module:
    """A residual generator like that in the file."""
    return ResidualGenerator([[0, 0, 0], [255, 0, 0]], True, 2, 1, 1, True)


def unet() -> bytes:
    """A U-Net's file."""
    return _saved_generator(build_unet)


def residual() -> bytes:
    """A residual generator's file, for two classes with instances."""
    return _saved_generator(build_residual)


def _saved_generator(build: Callable[[], nn.Module]) -> bytes:
    generator = _seeded(build)
    return _in_order(_written("g.safetensors", lambda path: save_generator(generator, path, "0" * 64)))


def _seeded(build: Callable[[], nn.Module]) -> nn.Module:
    """A network with the same weights each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build()


def small_network(weights: None = None, num_classes: int = 2) -> nn.Module:
    """Stands in for the ResNet-50 of the loss-map classifier, whose file has 94 MB."""
    convolution, norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    return nn.Sequential(convolution, norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))


def classifier() -> bytes:
    """A classifier's file of `small_network`."""
    header = {"format": loss_map_classifier.FORMAT, "patch_side": "16"}
    return _in_order(save(dict(_seeded(small_network).state_dict()), header))


def regressor() -> bytes:
    """A regressor's file."""
    rng = np.random.default_rng(0)
    features, names = rng.normal(size=(20, 3)), [f"p{number}" for number in range(20)]
    fitted = SearchTimeRegressor.fit(features, features[:, 0], names, Supervised(c=1.0), "backbone", "weights")
    return _in_order(_written("r.safetensors", fitted.save))


def state_dict(ending: str) -> bytes:
    """A backbone's weights, of two layers."""
    state = dict(_seeded(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))).state_dict())
    return _written(
        "w", lambda path: save_file(state, path) if ending == "safetensors" else torch.save(state, path)
    )


MEMBERS = tuple(f"train/{number}" for number in range(6))


def split() -> bytes:
    """A stored split."""
    return Split(MEMBERS[:2], MEMBERS[2:4], MEMBERS[4:5], MEMBERS[5:], "random", 3).to_json().encode()


def manifest() -> bytes:
    """An artifact's manifest, without what differs from day to day."""
    with TemporaryDirectory() as folder:
        stage = Stage("step", 1, {"a": 1}, {}, lambda work: (work / "v.npy").touch())
        path = ArtifactStore(Path(folder) / "artifacts", lambda: "cpu").get(stage) / MANIFEST
        record = {**json.loads(path.read_bytes()), "seconds": 1.5, "git": "0" * 40, "versions": {"torch": "2"}}
        return json.dumps(record, indent=1).encode()


def resume_point(folder: Path) -> tuple[bytes, Callable[[Path], None]]:
    """A training's resume point, and a function that takes a training up in a folder."""
    for side in ("inputs", "targets", "store"):
        (folder / side).mkdir()
    for number in range(4):
        for side, image in zip(("inputs", "targets"), draw_pair(number), strict=True):
            image.save(folder / side / f"{number}.png")
    config = Pix2Pix(image_size=64, ngf=1, ndf=1, epochs=2, decay_epochs=0, batch_size=4)
    source = FolderDataset(root=str(folder)).open(folder)
    store = PairStore.build(source, source.records(), 64, 64, folder / "store")

    def train(work: Path) -> None:
        data = PairsModule(TrainingPairs(store, store.ids, 64, False, 0), config.batch_size, config.seed)
        trainer = TrainerSettings(accelerator="cpu", resume_seconds=0)
        train_victim(config, trainer, InputLayout(), data, work)

    kept: list[bytes] = []
    write = ResumePoint.on_train_epoch_end

    def keep(self: ResumePoint, trainer: Trainer, pl_module: LightningModule) -> None:
        write(self, trainer, pl_module)
        if self.file.exists():
            kept.append(self.file.read_bytes())

    (folder / "work").mkdir()
    with patch.object(ResumePoint, "on_train_epoch_end", keep):
        train(folder / "work")
    return kept[0], train


def training_set() -> str:
    """The hash that the resume point of `resume_point` carries."""
    return training_set_hash([str(number) for number in range(4)])


def _in_order(content: bytes) -> bytes:
    """A safetensors file with its header in alphabetical order, which its writer leaves to chance."""
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True).encode()
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def _written(name: str, write: Callable[[Path], None]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()
