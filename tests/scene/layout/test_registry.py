"""An arrangement from outside the package."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.commands.display import SetArrangement
from vrnn.errors import VrnnError
from vrnn.scene.layout import registry
from vrnn.scene.layout.types import Layout, PanelPlacement, Route
from vrnn.scene.state import State, check_names
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visibility import layers_in_view


@pytest.fixture
def tower(monkeypatch):
    """Panels above each other, registered for one test."""
    monkeypatch.setattr(registry, "_ARRANGEMENTS", dict(registry._ARRANGEMENTS))

    @registry.arrangement("tower", title="Tower", overview=(10.0, -5.0))
    def tower(network, footprints):
        panels, y = {}, 0.0
        for node in network.nodes:
            size = footprints[node.id]
            panels[node.id] = PanelPlacement(0.0, y, 0.0, size.width, size.height)
            y += size.height + size.above + 1.0
        points = np.zeros((2, 3), np.float32)
        routes = tuple(
            Route(e.source, e.target, points + np.array([0, panels[e.target].y, 0]), False)
            for e in network.edges
        )
        return Layout(panels, routes, (), (-3.0, 0.0, -1.0), (3.0, y, 1.0))

    return tower


def test_the_built_in_ones_come_first():
    assert registry.arrangement_names()[:3] == ("terrace", "conveyor", "by resolution")
    assert [a.title for a in registry.registered()[:3]] == ["Terrace", "Conveyor", "By resolution"]


def test_a_new_one_is_offered_drawn_and_looked_at(tower):
    world, network, _ = small_world()
    assert SetArrangement("tower") in [variant for _, variant in SetArrangement.variants()]
    state = SetArrangement().apply(State("by resolution"), world)
    assert state.arrangement == "tower"
    assert SetArrangement().apply(state, world).arrangement == "terrace"
    check_names(state)
    world.set_state(state, move=False)
    rects = world.placement_frame(0).panel_rects
    assert np.ptp(rects[:, 0]) == 0
    assert (np.diff(rects[:, 1]) > 0).all()
    camera = camera_by_name(world, "overview", 1.5, 1.0)
    assert camera.pitch == pytest.approx(np.radians(-5))
    assert len(layers_in_view(world, camera.clip_from_world(1.5))) == len(network.nodes)


def test_a_name_is_taken_once(tower):
    with pytest.raises(VrnnError, match="already an arrangement 'tower'"):
        registry.arrangement("tower", title="Another")
    with pytest.raises(VrnnError, match="choose one of terrace, conveyor, by resolution, tower"):
        registry.find_arrangement("spiral")
