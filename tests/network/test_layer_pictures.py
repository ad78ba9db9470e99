"""Layer pictures as plain data, and their registry."""

import numpy as np
import pytest

from tests.support.map_blocks import feature_maps
from vrnn.errors import VrnnError
from vrnn.network import layer_pictures
from vrnn.network.layer_pictures import LayerPicture, find_layer_picture, layer_picture


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(layer_pictures, "_KINDS", {})


def test_a_kind_is_known_by_its_name_in_the_order_of_registration():
    @layer_picture("mean", title="Mean of all maps")
    def mean(maps):
        return LayerPicture(maps.values.astype(np.float32).mean(0, keepdims=True))

    layer_pictures.register_layer_picture("portrait", "Portrait")
    assert layer_pictures.layer_picture_names() == ("mean", "portrait")
    kind = find_layer_picture("mean")
    assert (kind.title, kind.make) == ("Mean of all maps", mean)
    assert find_layer_picture("portrait").make is None
    values = np.random.default_rng(0).normal(size=(5, 4, 6)).astype(np.float32)
    made = mean(feature_maps(values))
    assert made.maps.values.shape == (1, 4, 6)
    np.testing.assert_allclose(made.maps.values[0], values.mean(0), atol=2e-3)


def test_a_name_is_taken_once_and_an_unknown_one_is_told():
    layer_pictures.register_layer_picture("mean", "Mean")
    with pytest.raises(VrnnError, match="'mean'"):
        layer_pictures.register_layer_picture("mean", "Another")
    with pytest.raises(VrnnError, match="known are mean"):
        find_layer_picture("median")


def test_an_image_is_stored_as_linear_red_green_and_blue():
    pixels = np.zeros((3, 2, 3), np.uint8)
    pixels[0, 1] = (255, 188, 0)
    picture = LayerPicture(pixels)
    assert picture.is_rgb
    assert picture.maps.values.shape == (3, 3, 2)
    np.testing.assert_allclose(picture.maps.values[:, 0, 1], (1.0, 0.503, 0.0), atol=2e-3)


@pytest.mark.parametrize(
    "values",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 3)), np.zeros((0, 4, 4), np.float32)],
)
def test_other_arrays_are_refused(values):
    with pytest.raises(VrnnError, match="float32"):
        LayerPicture(values)
