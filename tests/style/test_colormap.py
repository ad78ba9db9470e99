"""Color maps: the tables and what they make of values."""

import numpy as np
import pytest

from vrnn.style.color_mapping import COLORMAPS, ColorMapping
from vrnn.style.colormap import BLACK, DIVERGING, ENTRIES, apply, lookup_table
from vrnn.style.srgb import linear_to_srgb

NEGATIVE, POSITIVE = (0.1, 0.3, 0.9), (0.9, 0.6, 0.1)
ENDS = {
    "viridis": ((68, 1, 84), (33, 145, 140), (253, 231, 37)),
    "magma": ((0, 0, 4), (183, 55, 121), (252, 253, 191)),
    "cividis": ((0, 34, 78), (124, 123, 120), (254, 232, 56)),
    "gray": ((0, 0, 0), (128, 128, 128), (255, 255, 255)),
}
"""sRGB of matplotlib's maps at their lower end, middle and upper end."""


@pytest.mark.parametrize("name", ENDS)
def test_sequential_maps_are_those_of_matplotlib(name):
    table = lookup_table(ColorMapping(colormap=name), NEGATIVE, POSITIVE)
    assert table.shape == (ENTRIES, 3)
    assert table.dtype == np.float32
    colors = linear_to_srgb(table[[0, ENTRIES // 2, -1]]).astype(int)
    assert np.abs(colors - ENDS[name]).max() <= 6  # the codes between stops are of a gamma of 2.2


def test_every_map_is_sequential_or_diverging():
    assert {*ENDS, *DIVERGING} == set(COLORMAPS)


def test_a_diverging_map_goes_from_one_color_over_black_to_the_other():
    table = lookup_table(ColorMapping(colormap="signed"), NEGATIVE, POSITIVE)
    np.testing.assert_allclose(table[[0, -1]], [NEGATIVE, POSITIVE], rtol=1e-6)
    np.testing.assert_allclose(table[ENTRIES // 2], BLACK, atol=1e-4)


def test_values_take_the_colors_of_the_table():
    table = lookup_table(ColorMapping(colormap="gray"), NEGATIVE, POSITIVE)
    values = np.array([[-1.0, 0.0, 1.0, 5.0, np.nan]])
    colors = apply(values, -1.0, 1.0, table, (1.0, 0.0, 0.0))
    np.testing.assert_allclose(colors[0, :, 1], [0, 128, 255, 255, 0], atol=2)
    assert colors[0, 4].tolist() == [255, 0, 0]
