"""From label maps to one-hot channels."""

import numpy as np
import torch

from mia_exp.data import InputLayout
from mia_exp.data.readers.cityscapes import PALETTE
from mia_exp.data.tensors import to_tensor
from mia_exp.victims.pix2pixhd.label_encoding import LabelEncoder


def test_every_class_of_cityscapes_keeps_its_own_channel() -> None:
    # Several of these colours differ by one unit of 255.
    classes = np.random.default_rng(0).integers(0, len(PALETTE), (2, 9, 9))
    x = to_tensor(np.asarray(PALETTE, dtype=np.uint8)[classes])
    encoder = LabelEncoder(InputLayout(PALETTE))
    encoded = encoder(x)
    assert encoder.channels == 35 and encoded.shape == (2, 35, 9, 9)
    expected = np.eye(35)[classes].transpose(0, 3, 1, 2)
    assert np.array_equal(encoded.numpy(), expected)


def test_a_colour_between_two_classes_takes_the_nearer() -> None:
    encoder = LabelEncoder(InputLayout(((0, 0, 0), (200, 0, 0))))
    x = torch.zeros(1, 3, 1, 2)
    x[0, 0, 0] = torch.tensor([90, 110]) / 255
    assert encoder(x)[0, :, 0].T.tolist() == [[1, 0], [0, 1]]


def test_instance_boundaries_are_the_last_channel() -> None:
    x = torch.zeros(1, 4, 2, 2)
    x[0, 3, 0, 1] = 1
    for layout, channels in ((InputLayout(((0, 0, 0), (9, 9, 9)), True), 3), (InputLayout(None, True), 4)):
        encoder = LabelEncoder(layout)
        encoded = encoder(x)
        assert encoder.channels == encoded.shape[1] == channels
        assert encoded[0, -1].tolist() == [[0, 1], [0, 0]]


def test_a_picture_is_scaled() -> None:
    x = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    assert LabelEncoder(InputLayout())(x).flatten().tolist() == [-1, 0, 1]
