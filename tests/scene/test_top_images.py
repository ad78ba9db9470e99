"""The frame around what a channel looked at is where the region is, even around a point."""

import numpy as np
import pytest

from vrnn.scene.visuals.top_images import draw_region

BLACK = np.zeros((64, 96, 3), np.uint8)


def framed(box, pixels=BLACK):
    """Rows and columns that a frame has changed."""
    changed = (draw_region(pixels, box) != pixels).any(-1)
    return {(int(row), int(column)) for row, column in np.argwhere(changed)}


@pytest.mark.parametrize("box", [(8, 4, 24, 40), (0, 0, 64, 96), (50, 90, 64, 96)])
def test_the_frame_is_the_outermost_pixels_of_the_region(box):
    top, left, bottom, right = box
    inside = {(row, column) for row in range(top, bottom) for column in range(left, right)}
    within = {
        (row, column) for row in range(top + 1, bottom - 1) for column in range(left + 1, right - 1)
    }
    assert framed(box) == inside - within


def test_a_point_has_a_frame_of_two_by_two_pixels():
    assert framed((10, 20, 11, 21)) == {(10, 20), (10, 21), (11, 20), (11, 21)}
    assert framed((10, 20, 10, 20)) == framed((10, 20, 11, 21))


def test_without_a_region_the_image_is_as_it_was():
    assert framed(None) == set()


def test_the_frame_grows_with_the_image():
    large = np.zeros((256, 256, 3), np.uint8)
    row = sorted(column for line, column in framed((100, 60, 140, 120), large) if line == 120)
    assert row == [60, 61, 62, 63, 116, 117, 118, 119]
