"""Arches of skips: from base to base, around the corners of panels, over what is between them."""

import numpy as np
import pytest

from vrnn.network.graph import Edge
from vrnn.scene.layout.arches import CLEARANCE, arch, room_over
from vrnn.scene.layout.terrace_routes import ABOVE, BASE, NEAR, PanelSlot
from vrnn.scene.layout.types import StepFloor

FLOORS = [StepFloor(2.0, -3.0, -1.5, -4.5, -1.0, 20.0)]
SOURCE = PanelSlot(0, 0, 1.0, 0.0, 2.0, 1.2, -0.5, 2.6, 1.7)
BETWEEN = PanelSlot(0, 1, 5.0, 0.0, 2.0, 2.9, 3.4, 6.6, 3.4)
TARGET = PanelSlot(0, 2, 9.0, 0.3, 2.0, 0.8, 7.4, 10.6, 1.4)


def distance_to(points: np.ndarray, corner: tuple[float, float, float]) -> float:
    """Meters from a corner to the nearest point on a polyline."""
    start, along = points[:-1].astype(float), np.diff(points.astype(float), axis=0)
    lengths = np.maximum((along**2).sum(1), 1e-12)
    part = np.clip(((np.array(corner) - start) * along).sum(1) / lengths, 0, 1)
    return float(np.linalg.norm(start + part[:, None] * along - corner, axis=1).min())


@pytest.mark.parametrize("between", [(), (BETWEEN,)])
def test_an_arch_leaves_and_enters_in_front_of_the_panels(between):
    slots = dict(enumerate((SOURCE, TARGET, *between)))
    route = arch(Edge(0, 1), slots, FLOORS)
    assert (route.source, route.target, route.is_skip) == (0, 1, True)
    points, z = route.points, FLOORS[0].z
    for slot, base_x, side_x, end in (
        (SOURCE, SOURCE.leaves, SOURCE.gap_right, points[0]),
        (TARGET, TARGET.enters, TARGET.gap_left, points[-1]),
    ):
        y = 2.0 + slot.lift + ABOVE
        np.testing.assert_allclose(end, (base_x, y, z + BASE), atol=1e-5)
        # Straight forward, then along the panel's front: never across its corner.
        assert distance_to(points, (base_x, y, z + NEAR)) < 0.1
        assert distance_to(points, (side_x, y, z + NEAR)) < 0.3
    assert np.linalg.norm(np.diff(points, axis=0), axis=1).min() > 1e-6
    assert points[:, 2].max() == pytest.approx(z + NEAR)


def test_it_clears_what_stands_between_and_the_step_has_that_room():
    slots = dict(enumerate((SOURCE, TARGET, BETWEEN)))
    top = arch(Edge(0, 1), slots, FLOORS).points[:, 1].max()
    assert top == pytest.approx(2.0 + BETWEEN.top + CLEARANCE, abs=1e-4)
    (room,) = room_over([Edge(0, 1)], slots).values()
    assert room > CLEARANCE
    assert room_over([Edge(0, 1)], {0: SOURCE, 1: TARGET}) == {}


def test_with_nothing_between_it_is_as_high_as_it_is_wide_at_most_and_symmetric():
    level = PanelSlot(0, 2, 9.0, 0.0, 2.0, 1.2, 7.4, 10.6, 1.4)
    points = arch(Edge(0, 1), {0: SOURCE, 1: level}, FLOORS).points
    top = int(points[:, 1].argmax())
    assert points[top, 1] == pytest.approx(2.0 + ABOVE + 0.8 * 1.2, abs=1e-4)
    assert points[top, 0] == pytest.approx((SOURCE.gap_right + level.gap_left) / 2, abs=1e-4)
