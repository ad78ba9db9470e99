"""What is on the screen while positions are compared: the colors of the layer's own positions."""

import numpy as np
import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.similarity import HoldReference, SetSimilarityDisplay, ShowSimilarity
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.visuals.network_visual import _answer


@pytest.fixture
def cube(tmp_path):
    values = np.zeros((4, 4, 2), np.float32)
    values[:, :2, 0], values[:, 2:, 1] = 1, 1
    np.save(tmp_path / "halves.npy", values)
    return tmp_path / "halves.npy"


def test_a_layer_shows_where_it_is_like_the_reference(cube):
    """Two clusters: the half with the reference is white in `gray`, the other one black."""
    with OffscreenApp((ModelSpec(f"cube:{cube}"),), load_config(None)) as app:
        maps = np.asarray(app.picture("layer:cube", (400, 300), legend=False), int)
        app.do(SetSimilarityDisplay(colormap="gray"))
        app.do(HoldReference("cube", 0, 3))
        seen = np.asarray(app.picture("layer:cube", (400, 300), legend=False), int)
        assert np.abs(seen - maps).max() > 100
        middle = seen[140:160].mean((0, 2))
        assert middle[230] > 200
        assert middle[170] < 40
        app.do(ShowSimilarity(False))
        back = np.asarray(app.picture("layer:cube", (400, 300), legend=False), int)
        assert np.abs(back - maps).max() <= 2


def test_beside_a_cube_which_answers_nothing_stands_no_board(tmp_path):
    cube = tmp_path / "two.npy"
    np.save(cube, np.random.default_rng(0).random((4, 5, 3)).astype(np.float32))
    with OffscreenApp((ModelSpec(f"cube:{cube}"),), load_config(None)) as app:
        world = app.world
        board, thread = _answer(0, world.networks[0], world.placement_frame(0), world.state, "")
    assert board is None
    assert not len(thread)
