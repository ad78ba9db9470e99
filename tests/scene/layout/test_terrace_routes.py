from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.networks import branched, build, footprints, networks, residual, rooms
from vrnn.network.graph import Network
from vrnn.scene.layout.polyline import round_corners
from vrnn.scene.layout.registry import arrange, arrangement_names
from vrnn.scene.layout.types import LABEL_STRIP, Layout

ARRANGEMENTS = arrangement_names()
MOST_POINTS = 44
PANEL_THICKNESS = 0.02
"""Depth that a panel takes along z, meters."""


def crossings(layout: Layout) -> list[tuple[int, int, int]]:
    """(source, target, node) wherever a route goes through a panel or its label."""
    nodes = list(layout.panels)
    p = np.array([[a.x, a.y, a.z, a.width, a.height] for a in layout.panels.values()])
    half = PANEL_THICKNESS / 2
    low = np.stack([p[:, 0] - p[:, 3] / 2, p[:, 1], p[:, 2] - half], 1)
    high = np.stack([p[:, 0] + p[:, 3] / 2, p[:, 1] + p[:, 4] + LABEL_STRIP, p[:, 2] + half], 1)
    found = []
    for route in layout.routes:
        start, step = route.points[:-1].astype(float), np.diff(route.points.astype(float), axis=0)
        enter = np.zeros((len(start), len(nodes)))
        leave = np.ones_like(enter)
        for axis in range(3):
            with np.errstate(divide="ignore", invalid="ignore"):
                a = (low[None, :, axis] - start[:, None, axis]) / step[:, None, axis]
                b = (high[None, :, axis] - start[:, None, axis]) / step[:, None, axis]
            still = np.abs(step[:, axis]) < 1e-9
            inside = (low[None, :, axis] <= start[:, None, axis]) & (
                start[:, None, axis] <= high[None, :, axis]
            )
            near, far = np.minimum(a, b), np.maximum(a, b)
            near[still] = np.where(inside[still], -np.inf, np.inf)
            far[still] = np.where(inside[still], np.inf, -np.inf)
            enter, leave = np.maximum(enter, near), np.minimum(leave, far)
        for node in np.flatnonzero((enter <= leave).any(axis=0)):
            found.append((route.source, route.target, nodes[node]))
    return found


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_route_goes_through_a_panel(arrangement: str, data: st.DataObject) -> None:
    network = data.draw(networks())
    layout = arrange(network, data.draw(rooms(network)), arrangement)
    assert crossings(layout) == []


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@settings(max_examples=60, deadline=None)
@given(network=networks())
def test_every_edge_has_a_route_from_base_to_base(arrangement: str, network: Network) -> None:
    layout = arrange(network, footprints(network), arrangement)
    assert [(r.source, r.target) for r in layout.routes] == [
        (e.source, e.target) for e in network.edges
    ]
    for route in layout.routes:
        assert route.points.dtype == np.float32
        assert 2 <= len(route.points) <= MOST_POINTS
        assert np.isfinite(route.points).all()
        for point, node in ((route.points[0], route.source), (route.points[-1], route.target)):
            panel = layout.panels[node]
            assert abs(point[0] - panel.x) <= panel.width / 2
            assert abs(point[1] - panel.y) < 0.05
            assert abs(point[2] - panel.z) < 0.1
        assert (route.points >= np.array(layout.low) - 1e-3).all()
        assert (route.points <= np.array(layout.high) + 1e-3).all()


def test_known_forms_are_clear() -> None:
    for network in (residual(4, 6), branched(9)):
        for arrangement in ARRANGEMENTS:
            assert crossings(arrange(network, footprints(network), arrangement)) == []


def test_identities_are_skips_and_run_further_out() -> None:
    network = residual(1, 2)
    layout = arrange(network, footprints(network), "terrace")
    routes = {(r.source, r.target): r for r in layout.routes}
    assert routes[1, 4].is_skip
    assert not routes[2, 3].is_skip
    assert routes[1, 4].points[:, 2].max() > routes[2, 3].points[:, 2].max()


def test_crossing_detection_sees_a_crossing() -> None:
    network = build([("a", "", (8, 8, 8)), ("b", "", (8, 8, 8))], [(0, 1)])
    layout = arrange(network, footprints(network), "terrace")
    panel = layout.panels[1]
    through = np.array(
        [[panel.x, panel.y + 0.5, panel.z + 1], [panel.x, panel.y + 0.5, panel.z - 1]]
    )
    layout.routes[0].points[:] = panel.x, panel.y + 0.5, panel.z + 1
    layout.routes[0].points[1:] = through[1]
    assert crossings(layout) == [(0, 1, 1)]


@given(st.lists(st.tuples(*[st.integers(-5, 5)] * 3), min_size=2, max_size=9))
def test_rounding_stays_inside_and_keeps_the_ends(
    corners: list[tuple[float, float, float]],
) -> None:
    points = round_corners(corners)
    np.testing.assert_allclose(points[0], corners[0])
    np.testing.assert_allclose(points[-1], corners[-1])
    given_corners = np.array(corners, float)
    assert (points >= given_corners.min(0) - 1e-5).all()
    assert (points <= given_corners.max(0) + 1e-5).all()
