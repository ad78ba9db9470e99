"""Kernels of a layer as one picture."""

from __future__ import annotations

import numpy as np

from vrnn.network.derived_maps import from_array, from_image
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.weight_sheets import (
    BETWEEN,
    LIGHT_BETWEEN,
    STEPS,
    sheet_colors,
    value_colors,
    weight_sheet,
)
from vrnn.recordings.kernel_sample import MAX_VALUES, kernel_slices, sample_text
from vrnn.style.connection_colors import NOT_FINITE
from vrnn.style.srgb import srgb_to_linear


def test_each_kernel_stands_at_its_place_in_its_filter() -> None:
    values = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float32)
    values[4, 3, 2, 2] = np.nan
    sheet = weight_sheet(values, 3, 2.0, are_weights=False)
    cell = 2 * 3 + 1 + 2  # two kernels, a line between, and a pixel around
    assert sheet.shape == (2 * cell, 3 * cell, 3)
    colors = sheet_colors(are_weights=False)
    for filter_, kernel in np.ndindex(5, 4):
        top = filter_ // 3 * cell + 1 + kernel // 2 * 4
        left = filter_ % 3 * cell + 1 + kernel % 2 * 4
        expected = colors[value_colors(values[filter_, kernel], 2.0)]
        np.testing.assert_array_equal(sheet[top : top + 3, left : left + 3], expected)
    assert tuple(sheet[cell + 7, cell + 7]) == NOT_FINITE
    assert tuple(sheet[4, 2]) == BETWEEN[0]
    assert tuple(sheet[-1, -1]) == BETWEEN[1]


def test_zero_is_in_the_middle_of_the_colors() -> None:
    for are_weights, middle in ((True, (244, 244, 244)), (False, (18, 20, 23))):
        colors = sheet_colors(are_weights).astype(int)
        assert np.abs(colors[len(colors) // 2 - 1] - middle).max() < 4
        assert colors[-2, 0] > colors[-2, 2]  # positive is warm
        assert colors[0, 2] > colors[0, 0]


def test_values_have_colors_by_their_part_of_the_largest() -> None:
    values = np.array([-4, -2, -1, 0, 0.01, 1, 2, 4, np.inf, np.nan], np.float32)
    numbers = value_colors(values, 2.0).astype(int)
    half, little = 0.5**0.6 * 120, 0.005**0.6 * 120
    expected = np.array([-120, -120, -half, 0, little, half, 120, 120])
    np.testing.assert_allclose(numbers[:8], expected + 120, atol=1)
    assert numbers[8:].tolist() == [241, 241]


def test_an_image_as_maps_has_means_of_light_in_its_coarser_levels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 6, 3)).astype(np.uint8)
    maps = from_image(pixels)
    light = srgb_to_linear(pixels).transpose(2, 0, 1)
    np.testing.assert_allclose(maps.values, light, atol=5e-4)
    expected = from_array(light)
    np.testing.assert_allclose(maps.block.astype(float), expected.block.astype(float), atol=1e-3)


def test_a_matrix_has_a_row_for_each_filter() -> None:
    values = np.array([[1.0, -1.0, 0.0], [0.5, 0.0, 1.0]], np.float32)
    sheet = weight_sheet(values, 7, 1.0, are_weights=True)
    assert sheet.shape == (2, 3, 3)
    np.testing.assert_array_equal(sheet[0, 0], sheet[1, 2])


def test_of_large_layers_some_kernels_stand_for_all() -> None:
    assert kernel_slices((8, 4, 3, 3)) == (slice(8), slice(4))
    assert sample_text((8, 4, 3, 3)) == ""
    assert sample_text((128, 128, 3, 3)) == "64 of 128 kernels of each"
    assert sample_text((512, 512, 3, 3)) == "16 of 512 kernels of each"
    assert sample_text((4096, 1000)) == "128 of 4,096 rows, 125 of 1,000 columns"
    filters, kernels = kernel_slices((2048, 2048, 7, 7))
    assert filters.stop * kernels.stop * 49 <= MAX_VALUES
    assert sample_text((2048, 64, 7, 7)).startswith("1024 of 2,048 filters, 1 of 64")


def test_a_dark_picture_stays_dark() -> None:
    dark = np.full((4, 4, 3), 20, np.uint8)
    assert LayerPicture(dark).maps.scale == 1.0


def test_in_the_light_theme_differences_lead_over_white() -> None:
    values = np.array([-1.0, 0.0, 1.0, 0.0], np.float32).reshape(1, 1, 2, 2)
    dark, light = (weight_sheet(values, 1, 1.0, False, theme) for theme in ("dark", "light"))
    assert dark.shape == light.shape
    assert tuple(light[0, 0]) == LIGHT_BETWEEN[1]
    for theme, sheet in (("dark", dark), ("light", light)):
        colors = sheet_colors(False, theme)
        assert {tuple(c) for c in sheet.reshape(-1, 3)} >= {tuple(colors[0]), tuple(colors[STEPS])}
    assert sheet_colors(False, "dark")[STEPS].max() < 30
    assert sheet_colors(False, "light")[STEPS].min() > 225
    weights = [weight_sheet(values, 1, 1.0, True, theme) for theme in ("dark", "light")]
    assert np.array_equal(*weights)
