"""Along which axes the pixels of an input lie, at the limits of what looks like an image."""

import pytest

from vrnn.compute.tracing.input_places import input_places, looks_channels_last, looks_like_image

PLACES = {
    (): (None, None), (5,): (None, None), (2, 5): (None, None), (1, 16, 24): (None, -1),
    (3, 8, 8): (-2, -1), (3, 7, 8): (None, -1), (3, 8, 7): (None, -1), (4, 8, 9): (-2, -1),
    (1, 8, 8): (None, -1), (2, 8, 8): (None, -1), (5, 9, 9): (None, -1),
    (8, 8, 3): (-3, -2), (8, 8, 1): (-3, -2), (8, 8, 4): (-3, -2), (8, 8, 2): (None, -1),
    (8, 8, 5): (None, -1), (7, 8, 3): (None, -1), (8, 7, 3): (None, -1), (3, 8, 3): (None, -1),
    (1, 8, 8, 3): (-3, -2), (1, 7, 8, 3): (-2, -1), (1, 8, 7, 3): (-2, -1), (1, 8, 8, 2): (-2, -1),
    (1, 3, 8, 8): (-2, -1), (1, 3, 8, 3): (-2, -1), (9, 1, 8, 3): (-2, -1), (2, 4, 9, 4): (-2, -1),
    (1, 9, 1, 3): (-2, -1), (9, 9, 8, 1): (-3, -2),
    (1, 4, 3, 8, 8): (-2, -1), (1, 4, 8, 8, 3): (-2, -1), (1, 2, 2, 2): (-2, -1),
}  # fmt: skip


@pytest.mark.parametrize(("shape", "places"), PLACES.items())
def test_where_rows_and_columns_are_by_the_shape_alone(shape, places):
    assert input_places(shape, True) == places
    assert input_places(shape, False) == (None, None)
    assert looks_channels_last(shape) == (places == (-3, -2))
    assert looks_like_image(shape) == (len(shape) == 3 and places == (-2, -1))
    # Too few roles, or too many, are not of these axes.
    assert input_places(shape, True, ("height",) * (len(shape) + 1)) == places


@pytest.mark.parametrize(("roles", "places"), [
    (("batch", "channel", "height", "width"), (-2, -1)),
    (("height", "width", "channel"), (-3, -2)),
    (("width", "height"), (-1, -2)),
    (("batch", "height", "channel"), (-2, None)),
    (("batch", "channel", "width"), (None, -1)),
    (("batch", "time", "channel"), (None, -2)),
    (("time", "width"), (None, -2)),
    (("height", "time"), (-2, None)),
    (("batch", "token", "channel"), (None, None)),
    (("batch",), (None, None)),
])  # fmt: skip
def test_where_they_are_by_what_the_axes_hold(roles, places):
    for is_float in (True, False):
        assert input_places([9] * len(roles), is_float, roles) == places
