"""Expected pixels are worked out by hand from each format's definition."""

import numpy as np
import pytest
from PIL import Image

from mia_exp.core.errors import DataError
from mia_exp.data.image import Conversion, decode, resize


def saved(image: Image.Image, path, **options):
    image.save(path, **options)
    return path


def test_rgb_comes_as_it_is(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    decoded, conversions = decode(saved(Image.fromarray(pixels), tmp_path / "a.png"))
    assert decoded.dtype == np.uint8
    assert np.array_equal(decoded, pixels)
    assert conversions == frozenset()


def test_half_transparent_black_on_white_is_grey(tmp_path):
    # 255 * (1 - 128 / 255) = 127
    decoded, conversions = decode(saved(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), tmp_path / "a.png"))
    assert np.abs(decoded.astype(int) - 127).max() <= 1
    assert conversions == {Conversion.transparency}


def test_colour_under_full_transparency_does_not_show(tmp_path):
    decoded, _ = decode(saved(Image.new("RGBA", (2, 2), (255, 0, 0, 0)), tmp_path / "a.png"))
    assert (decoded == 255).all()


def test_opaque_alpha_is_no_conversion(tmp_path):
    decoded, conversions = decode(saved(Image.new("RGBA", (2, 2), (9, 8, 7, 255)), tmp_path / "a.png"))
    assert decoded[0, 0].tolist() == [9, 8, 7]
    assert conversions == frozenset()


def test_greyscale_is_repeated(tmp_path):
    decoded, conversions = decode(saved(Image.new("L", (2, 2), 77), tmp_path / "a.png"))
    assert decoded[0, 0].tolist() == [77, 77, 77]
    assert conversions == {Conversion.greyscale}


def test_grey_with_alpha(tmp_path):
    decoded, conversions = decode(saved(Image.new("LA", (2, 2), (0, 0)), tmp_path / "a.png"))
    assert (decoded == 255).all()
    assert conversions == {Conversion.greyscale, Conversion.transparency}


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (257, 1), (32896, 128), (65535, 255)])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path, value, expected, ending):
    image = Image.fromarray(np.full((3, 3), value, np.uint16))
    decoded, conversions = decode(saved(image, tmp_path / f"a.{ending}"))
    assert (decoded == expected).all()
    assert conversions == {Conversion.sixteen_bit, Conversion.greyscale}


def palette_image():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    return image


def test_palette(tmp_path):
    decoded, conversions = decode(saved(palette_image(), tmp_path / "a.png"))
    assert decoded[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert conversions == {Conversion.palette}


def test_palette_with_a_transparent_colour(tmp_path):
    decoded, conversions = decode(saved(palette_image(), tmp_path / "a.png", transparency=1))
    assert decoded[0].tolist() == [[10, 20, 30], [255, 255, 255]]
    assert conversions == {Conversion.palette, Conversion.transparency}


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk(tmp_path, ending):
    # No cyan, full magenta, full yellow, no black: red. Pillow writes CMYK JPEGs inverted, as Adobe does.
    decoded, conversions = decode(saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / f"a.{ending}"))
    assert np.abs(decoded[8, 8].astype(int) - [255, 0, 0]).max() <= 2
    assert conversions == {Conversion.cmyk}


def test_exif_orientation_is_applied(tmp_path):
    # Orientation 6: the stored image is to be turned by 90 degrees clockwise, so its left edge becomes its top.
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded, conversions = decode(saved(Image.fromarray(pixels), tmp_path / "a.png", exif=exif))
    assert decoded.shape == (4, 2, 3)
    assert (decoded[0] == 255).all()
    assert (decoded[1:] == 0).all()
    assert conversions == {Conversion.orientation}


def test_not_an_image(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("not an image")
    with pytest.raises(DataError, match=r"notes\.png"):
        decode(path)


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_truncated_image(tmp_path, ending):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"cut.{ending}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=rf"cut\.{ending}"):
        decode(path)


def test_empty_file(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(DataError, match=r"a\.jpg"):
        decode(tmp_path / "a.jpg")


def test_floating_point_pixels_are_refused(tmp_path):
    with pytest.raises(DataError, match="floating-point"):
        decode(saved(Image.fromarray(np.zeros((2, 2), np.float32)), tmp_path / "a.tif"))


def test_resize_squashes_to_a_square():
    image = np.zeros((10, 40, 3), np.uint8)
    image[:, 20:] = 200
    resized = resize(image, 8)
    assert resized.shape == (8, 8, 3)
    assert (resized[:, 0] == 0).all()
    assert (resized[:, 7] == 200).all()


def test_resize_leaves_an_image_of_that_size_alone():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert np.array_equal(resize(image, 8), image)
