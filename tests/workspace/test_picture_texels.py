"""Pictures seen from afar on their way to the GPU: as values or colors, and where each texel is."""

from math import ceil, sqrt

import numpy as np
import pytest
from PIL import Image

from tests.support import golden_text
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.node_layout import layout_nodes
from vrnn.render.picture_store import PICTURE_SIDE
from vrnn.style.color_mapping import ColorMapping
from vrnn.workspace.distant_pictures import colored, picture_texels

SIDE = PICTURE_SIDE


def values_of(texels):
    """The values that texels stand for, 0…1, and whether they are finite."""
    assert np.array_equal(texels[..., 0], texels[..., 1])
    assert np.array_equal(texels[..., 0], texels[..., 2])
    return texels[..., 0].astype(float) / 255, texels[..., 3]


@pytest.mark.parametrize("symmetric", [True, False])
def test_values_span_the_range_of_the_colors(symmetric):
    values = np.array([[-1.0, 0.0], [1.0, 3.0]], np.float32)
    whole = values.repeat(SIDE // 2, 0).repeat(SIDE // 2, 1)[None]
    texels, has_values = picture_texels(LayerPicture(whole), symmetric)
    assert has_values
    found, finite = values_of(texels)
    low, high = (-3, 3) if symmetric else (-1, 3)
    np.testing.assert_allclose(found, (whole[0] - low) / (high - low), atol=0.003)
    assert (finite == 255).all()


def test_values_that_are_all_the_same_are_in_the_middle():
    texels, _ = picture_texels(LayerPicture(np.full((1, SIDE, SIDE), 7.0, np.float32)), False)
    found, _ = values_of(texels)
    np.testing.assert_allclose(found, 0.5, atol=0.003)


def test_what_is_not_finite_is_marked_and_does_not_stretch_the_range():
    values = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(1, SIDE, SIDE)
    values[0, 0, 0], values[0, 5, 7], values[0, 9, 9] = np.nan, np.inf, -np.inf
    found, finite = values_of(picture_texels(LayerPicture(values), False)[0])
    assert [finite[0, 0], finite[5, 7], finite[9, 9]] == [0, 0, 0]
    assert (finite == 0).sum() == 3
    assert found[-1, -1] == 1
    assert found[SIDE // 2, 0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_several_maps_stand_side_by_side_and_below_each_other(count):
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    maps = np.stack([np.full((3, 4), number + 1.0, np.float32) for number in range(count)])
    found, _ = values_of(picture_texels(LayerPicture(maps), False)[0])
    for cell in range(rows * columns):
        y, x = (
            int((cell // columns + 0.5) / rows * SIDE),
            int((cell % columns + 0.5) / columns * SIDE),
        )
        value = cell + 1 if cell < count else 0
        low = 1 if rows * columns == count else 0
        assert found[y, x] == pytest.approx((value - low) / (count - low), abs=0.003)


def test_a_line_stays_one_of_flat_parts_and_a_map_is_smooth():
    line = np.array([[[0.0, 1.0, 0.0, 1.0]]], np.float32)
    found, _ = values_of(picture_texels(LayerPicture(line), False)[0])
    assert set(np.unique(found)) == {0.0, 1.0}
    checks = np.array([[[0.0, 1.0], [1.0, 0.0]]], np.float32)
    found, _ = values_of(picture_texels(LayerPicture(checks), False)[0])
    assert len(np.unique(found)) > 10


def test_colors_are_as_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    texels, has_values = picture_texels(LayerPicture(pixels), True)
    assert not has_values
    np.testing.assert_array_equal(texels[..., :3], pixels)
    assert (texels[..., 3] == 255).all()
    small = pixels[:8, :5]
    texels, _ = picture_texels(LayerPicture(small), True)
    large = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(texels[..., :3], large)


def test_values_with_colors_of_their_own_become_an_image(regenerate):
    values = np.array([[-2.0, 0.0, 1.0], [4.0, np.nan, 0.5]], np.float32)[None]
    lines = []
    for mapping in (
        ColorMapping(colormap="viridis", symmetric=False),
        ColorMapping(colormap="signed", symmetric=True),
        ColorMapping(colormap="signed", symmetric=False, gamma=1.0),
    ):
        for shift in (0.0, 10.0):
            picture = LayerPicture(values + np.float32(shift), "text", mapping)
            found = colored(picture)
            assert found.is_rgb
            assert found.color_mapping is None
            lines.append(f"{mapping.colormap} {mapping.symmetric} {shift}: {found.values.tolist()}")
    plain = LayerPicture(values)
    assert colored(plain) is plain
    golden_text.check("views/pictures-of-values", lines, regenerate)


def test_a_node_of_a_graph_has_its_value_where_it_is_drawn():
    layout = layout_nodes(5, np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))
    values = np.arange(5, dtype=np.float32).reshape(1, 1, 5) / 4
    texels, has_values = picture_texels(LayerPicture(values), False, layout)
    assert has_values
    found, _ = values_of(texels)
    colors = np.arange(15, dtype=np.uint8).reshape(1, 5, 3) * 10
    drawn, has_values = picture_texels(LayerPicture(colors), False, layout)
    assert not has_values
    for number, (across, down) in enumerate(layout.positions):
        y, x = int(down * SIDE), int(across * SIDE)
        assert found[min(y, SIDE - 1), min(x, SIDE - 1)] == pytest.approx(number / 4, abs=0.02)
        np.testing.assert_allclose(
            drawn[min(y, SIDE - 1), min(x, SIDE - 1), :3].astype(int), colors[0, number], atol=3
        )
    corner = drawn[0, 0, :3]
    assert corner.tolist() == [12, 14, 18]  # between the nodes
    other = LayerPicture(np.zeros((1, 1, 4), np.float32))
    plain, _ = picture_texels(other, False)
    np.testing.assert_array_equal(picture_texels(other, False, layout)[0], plain)
    rows = LayerPicture(np.arange(10, dtype=np.float32).reshape(1, 2, 5))
    plain, _ = picture_texels(rows, False)
    np.testing.assert_array_equal(picture_texels(rows, False, layout)[0], plain)
