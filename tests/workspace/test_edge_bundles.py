"""Bundled edges in the world: found beside it, moved there by a slider, and undone."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetEdgeBundling
from vrnn.commands.edit import Undo
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def app(opened):
    reset(opened)
    return opened


def long_routes(app):
    frame = app.world.placement_frame(0)
    pairs = zip(frame.routes, frame.placement.network.edges, strict=True)
    long = frame.placement.skip_edges
    return [points for points, edge in pairs if (edge.source, edge.target) in long]


def test_long_edges_go_to_their_bundles_and_back_and_their_ends_stay(app):
    before = long_routes(app)
    assert len(before) > 1
    app.do(SetEdgeBundling(1.0))
    bundled = long_routes(app)
    app.do(SetEdgeBundling(0.5))
    between = long_routes(app)
    for old, new in zip(before, bundled, strict=True):
        assert np.allclose(old[[0, -1]], new[[0, -1]], atol=1e-4)
    lifts = [np.abs(a - b).max() for a, b in zip(between, bundled, strict=True)]
    assert max(lifts) > 0.5
    app.do(Undo())
    app.do(Undo())
    assert all(np.array_equal(a, b) for a, b in zip(before, long_routes(app), strict=True))


def test_the_command_goes_to_the_other_end_and_refuses_more(app):
    app.do(SetEdgeBundling())
    assert app.world.state.edge_bundling == 1.0
    app.do(SetEdgeBundling())
    assert app.world.state.edge_bundling == 0.0
    with pytest.raises(VrnnError, match="bundling"):
        app.do(SetEdgeBundling(1.5))
