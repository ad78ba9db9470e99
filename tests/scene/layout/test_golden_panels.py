"""How large panels are and where the maps on them are, for many shapes, against golden text."""

from typing import get_args

import numpy as np
import pytest

from tests.support import golden_text
from vrnn.network.axes import Presentation
from vrnn.scene.layout.map_grid import FORMS, ChannelOrder, map_grid, single_map_grid
from vrnn.scene.layout.panel_size import panel_size

COUNTS = (1, 2, 3, 4, 5, 7, 12, 16, 17, 24, 64, 100, 257, 1000, 1024, 1025, 5000)
SIDES = ((1, 1), (1, 2), (1, 12), (1, 900), (2, 1), (7, 7), (8, 17), (14, 3), (56, 56), (300, 7))


@pytest.mark.parametrize("presentation", get_args(Presentation))
def test_panels_are_as_large_as_they_were_approved(presentation, regenerate):
    lines = []
    for has_graph in (False, True) if presentation == "nodes" else (False,):
        for height, width in SIDES:
            for count in COUNTS:
                grid = panel_size((count, height, width), presentation, has_graph)
                size = golden_text.numbers((grid.width, grid.height))
                lines.append(f"{count}×{height}×{width} {grid.columns}×{grid.rows} {size}")
    golden_text.check(f"geometry/panels-{presentation}", lines, regenerate)


@pytest.mark.parametrize("form", FORMS)
def test_maps_are_where_they_were_approved(form, regenerate):
    lines = []
    for shape in ((1, 4, 4), (2, 3, 9), (5, 8, 8), (33, 8, 8), (120, 5, 9), (300, 1, 1)):
        for spread in (1.0, 1.7, 4.0):
            for max_maps in (0, 1, 3):
                for presentation in ("image", "sequence"):
                    maps = map_grid(shape, form, spread, max_maps, presentation=presentation)
                    some = maps.centers[:: max(1, len(maps.centers) // 6)]
                    sizes = golden_text.numbers((*maps.cell_size, maps.width, maps.height))
                    lines.append(
                        f"{shape} {spread} {max_maps} {presentation}: {len(maps.channels)} {sizes} "
                        f"at {golden_text.numbers(some)}"
                    )
    golden_text.check(f"geometry/map-{form}", lines, regenerate)


def test_a_single_map_keeps_its_aspect_up_to_3():
    for height, width in ((4, 4), (4, 8), (1, 3), (1, 4), (9, 1), (3, 1), (0, 2)):
        grid = single_map_grid((8, height, width), 0.75)
        aspect = min(max(width / max(height, 1), 1 / 3), 3)
        assert grid.width * grid.height == pytest.approx(0.75**2)
        assert grid.width / grid.height == pytest.approx(aspect)
        assert (grid.columns, grid.rows) == (1, 1)


def test_maps_in_an_order_stand_where_the_first_would():
    order = np.array([3, 0, 2, 1])
    for form in FORMS:
        plain, ordered = (
            map_grid((4, 5, 5), form),
            map_grid((4, 5, 5), form, order=ChannelOrder(order)),
        )
        np.testing.assert_array_equal(ordered.centers, plain.centers)
        assert ordered.channels.tolist() == order.tolist()
        assert plain.channels.tolist() == [0, 1, 2, 3]
