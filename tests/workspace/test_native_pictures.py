"""Texels of pictures by native code are those by numpy and Pillow, to the bit."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from vrnn.compute.passes.native_library import load_native_library
from vrnn.compute.passes.native_picture import NativePicture, load_native_picture
from vrnn.network.layer_pictures import LayerPicture
from vrnn.render import picture_store
from vrnn.render.picture_store import with_levels
from vrnn.workspace import distant_pictures
from vrnn.workspace.distant_pictures import picture_texels

SIZES = [(56, 56), (7, 7), (2, 2), (3, 5), (64, 64), (64, 9), (28, 13), (64, 2), (50, 64)]


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_where_there_is_a_compiler_there_is_native_code():
    assert load_native_picture()


@pytest.mark.skipif(load_native_picture() is None, reason="there is no native code")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("contrast", ["noise", "black and white"])
@pytest.mark.parametrize("way", ["native", "plain"])
def test_texels_and_levels_are_the_same(size, contrast, way, monkeypatch):
    pixels = np.random.default_rng(3).integers(0, 256, (*size, 3)).astype(np.uint8)
    if contrast == "black and white":  # what the filter overshoots with
        pixels = np.where(pixels > 127, 255, 0).astype(np.uint8)
    if way == "plain":  # as on processors without AVX2
        slow = NativePicture(load_native_library(), is_wide=False)
        for module in (distant_pictures, picture_store):
            monkeypatch.setattr(module, "load_native_picture", lambda: slow)
    picture = LayerPicture(pixels)
    native, _ = picture_texels(picture, False)
    levels = with_levels(native)
    for module in (distant_pictures, picture_store):
        monkeypatch.setattr(module, "load_native_picture", lambda: None)
    plain, _ = picture_texels(picture, False)
    np.testing.assert_array_equal(native, plain)
    np.testing.assert_array_equal(levels, with_levels(plain))
    assert levels.std() > 10


@pytest.mark.skipif(load_native_picture() is None, reason="there is no native code")
def test_a_picture_that_lies_otherwise_in_memory_is_read_as_it_is_seen(monkeypatch):
    pixels = np.random.default_rng(4).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    turned = LayerPicture(pixels.transpose(1, 0, 2)[::-1])
    native, _ = picture_texels(turned, False)
    monkeypatch.setattr(distant_pictures, "load_native_picture", lambda: None)
    np.testing.assert_array_equal(native, picture_texels(turned, False)[0])
