"""Long edges as cables in the air: their ends stay, and none goes through a panel."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scene.layout.test_terrace_routes import crossings
from tests.support.networks import branched, footprints, residual
from vrnn.network.graph import Network
from vrnn.scene.layout.bundled_routes import bundled_routes
from vrnn.scene.layout.registry import arrange, arrangement_names
from vrnn.scene.layout.types import Layout, Route


def bundled(network: Network, arrangement: str) -> tuple[Layout, list[np.ndarray], Layout]:
    """A layout, its ways with as many points as bundled ones, and the layout with these."""
    layout = arrange(network, footprints(network), arrangement)
    rects = np.array([[p.x, p.y, p.z, p.width, p.height] for p in layout.panels.values()])
    are_long = np.array([route.is_skip for route in layout.routes], bool)
    before, after = bundled_routes([r.points for r in layout.routes], are_long, rects)
    routes = tuple(
        Route(r.source, r.target, points, r.is_skip)
        for r, points in zip(layout.routes, after, strict=True)
    )
    return layout, before, Layout(layout.panels, routes, layout.rows, layout.low, layout.high)


@pytest.mark.parametrize("arrangement", arrangement_names())
@pytest.mark.parametrize("network", [residual(4, 6), branched(9)], ids=["residual", "branched"])
def test_ends_stay_and_no_way_meets_a_panel(arrangement: str, network: Network) -> None:
    layout, before, together = bundled(network, arrangement)
    assert crossings(together) == []
    for route, way, cable in zip(layout.routes, before, together.routes, strict=True):
        assert len(way) == len(cable.points)
        assert np.allclose(way[[0, -1]], route.points[[0, -1]], atol=1e-4)
        assert np.allclose(cable.points[[0, -1]], route.points[[0, -1]], atol=1e-4)
        if not route.is_skip:
            assert cable.points is route.points


def test_the_same_network_has_the_same_cables_and_they_stand_before_the_panels() -> None:
    layout, _, first = bundled(residual(4, 6), "terrace")
    _, _, again = bundled(residual(4, 6), "terrace")
    moved = 0
    for route, one, other in zip(layout.routes, first.routes, again.routes, strict=True):
        assert np.array_equal(one.points, other.points)
        if route.is_skip:
            straight = np.linspace(route.points[0, 2], route.points[-1, 2], len(one.points))
            moved += bool((one.points[1:-1, 2] > straight[1:-1] - 0.05).any())
    assert moved > 0
