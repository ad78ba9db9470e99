"""Which image files are read, by their content, and that all sizes can be cropped."""

from __future__ import annotations

import io
import struct
import warnings
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from vrnn.errors import VrnnError
from vrnn.media.image_reader import (
    MAX_PIXELS,
    center_crop_resize,
    decode_image,
    read_image,
    start_no_program,
    to_rgb,
)
from vrnn.media.image_set import image_folder

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n"


@pytest.fixture
def _no_ghostscript(monkeypatch):
    def start(*_, **__):
        raise AssertionError("a program was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)


@pytest.mark.usefixtures("_no_ghostscript")
@pytest.mark.parametrize("name", ["a.eps", "a.png", "a.jpg"])
def test_no_picture_starts_a_program(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(EPS)
    with pytest.raises(VrnnError, match="those are PNG, JPEG") as caught:
        read_image(path)
    assert name in str(caught.value)


@pytest.mark.usefixtures("_no_ghostscript")
def test_no_picture_of_a_data_set_does(tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "a.png").write_bytes(EPS)
    with pytest.raises(VrnnError, match="not an image that can be read"):
        image_folder(tmp_path).image(0)


def test_a_script_that_reads_images_itself_starts_none_either(tmp_path, monkeypatch):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", EpsImagePlugin.Ghostscript)
    (tmp_path / "a.png").write_bytes(EPS)
    picture = Image.open(tmp_path / "a.png")
    with pytest.raises(VrnnError, match="save it as PNG"):
        to_rgb(picture)
    start_no_program()
    with pytest.raises(VrnnError, match="save it as PNG"):
        picture.convert("RGB")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "ICO", "TGA"])
def test_the_usual_formats_are_read_whatever_they_are_called(tmp_path, kind):
    path = tmp_path / "picture.png"
    Image.new("RGB", (16, 16), (200, 40, 90)).save(path, kind)
    assert read_image(path).shape == (16, 16, 3)
    assert np.abs(read_image(path)[8, 8].astype(int) - (200, 40, 90)).max() < 12


def icon(picture: bytes, size: int) -> bytes:
    """An ICO file that says how large the PNG in it is."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, size, size, 0, 0, 1, 32, len(picture), 22) + picture


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def test_what_pillow_warns_of_is_not_shown():
    """Neither of an icon that holds another size than it says, nor of a large picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_image(io.BytesIO(icon(png(40, 30), 16)), "'a'").shape == (30, 40, 3)
        side = 9_500
        assert 89_478_485 < side * side < MAX_PIXELS
        assert decode_image(io.BytesIO(png(side, side)), "'a'").shape == (side, side, 3)


@pytest.mark.parametrize("data", [png(12_000, 11_000), icon(png(12_000, 11_000), 16)])
def test_too_many_pixels_also_inside_an_icon(data):
    with pytest.raises(VrnnError, match="more than 120 million pixels"):
        decode_image(io.BytesIO(data), "'a'")


def test_every_size_can_be_cropped_to_every_other():
    """Rounding once made a part larger than the whole, for one size in twenty."""
    for rows, columns in product(range(1, 80, 3), range(1, 80, 3)):
        image = np.zeros((rows, columns, 3), np.uint8)
        for height, width in ((1, 1), (7, 3), (28, 28), (224, 224), (33, 100)):
            assert center_crop_resize(image, height, width).shape == (height, width, 3)


sides = st.integers(1, 3000)


@given(sides, sides, st.integers(1, 600), st.integers(1, 600))
def test_any_size(rows, columns, height, width):
    image = np.full((rows, columns, 3), 77, np.uint8)
    cropped = center_crop_resize(image, height, width)
    assert cropped.shape == (height, width, 3)
    assert (cropped == 77).all()
