"""Text is as large as a monitor needs where the system has no scale factor."""

import pytest

from vrnn.app.monitor_scale import choose_scale


@pytest.mark.parametrize(
    ("system_scale", "rows", "height_mm", "expected"),
    [
        (1.0, 1080, 296, 1.0),  # 24 inches
        (1.0, 1440, 336, 1.0),  # 27 inches
        (1.0, 2160, 336, 1.5),  # 27 inches
        (1.0, 2160, 194, 2.5),  # a notebook
        (1.0, 2160, 571, 1.5),  # a virtual display that says 96 pixels per inch
        (1.0, 4320, 0, 3.0),
        (1.0, 1080, 9, 1.0),  # a ratio in the place of a size
        (1.0, 480, 90, 1.0),
        (2.0, 2160, 571, 2.0),  # the system's own
    ],
)
def test_a_point_is_as_many_pixels_as_the_monitor_needs(system_scale, rows, height_mm, expected):
    assert choose_scale(system_scale, rows, height_mm) == expected
