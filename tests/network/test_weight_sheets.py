"""Kernels of a layer as one picture."""

from __future__ import annotations

import numpy as np

from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.weight_sheets import (
    BETWEEN_FILTERS,
    BETWEEN_KERNELS,
    sheet_colors,
    weight_sheet,
)
from vrnn.recordings.kernel_sample import MAX_VALUES, kernel_slices, sample_text
from vrnn.style.connection_colors import NOT_FINITE, color_numbers


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
        expected = colors[color_numbers(values[filter_, kernel], 2.0)]
        found = sheet[top : top + 3, left : left + 3].astype(int)
        np.testing.assert_allclose(found, expected, atol=2)  # of a finely divided table
    assert tuple(sheet[cell + 7, cell + 7]) == NOT_FINITE
    assert tuple(sheet[4, 2]) == BETWEEN_KERNELS
    assert tuple(sheet[-1, -1]) == BETWEEN_FILTERS


def test_zero_is_in_the_middle_of_the_colors() -> None:
    for are_weights, middle in ((True, (244, 244, 244)), (False, (18, 20, 23))):
        colors = sheet_colors(are_weights).astype(int)
        assert np.abs(colors[len(colors) // 2 - 1] - middle).max() < 4
        assert colors[-2, 0] > colors[-2, 2]  # positive is warm
        assert colors[0, 2] > colors[0, 0]


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
