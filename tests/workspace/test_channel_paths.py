"""The channel at the pointer lights up with its sources and targets; others are dimmed."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.channel_paths import SetPathDisplay, ShowChannelPaths
from vrnn.commands.kernel_edits import EditKernel
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.scene.readout import hover_text

LAYER = "stage2.1.conv1"


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec("digits")], load_config()) as made:
        yield made


@pytest.fixture
def app(opened):
    reset(opened)
    opened.world.hover(None)
    return opened


def node(app, name=LAYER):
    return app.world.networks[0].node_ids[name]


def point(app, channel, name=LAYER):
    app.world.hover(Hit("layer", 1.0, 0, node(app, name), channel))
    app.workspace.paths.update()


def test_they_follow_the_pointer_and_the_readout_names_the_strongest(app):
    app.do(ShowChannelPaths())
    assert app.world.channel_paths is None
    point(app, 7)
    app.do(ShowChannelPaths(on=True))  # waits until the links are read
    paths = app.world.channel_paths[1]
    assert (paths.node, paths.channel) == (node(app), 7)
    text = hover_text(app.world)
    best = paths.shown[node(app, "stage2.0.add")][0]
    assert f"sources = stage2.0.add #{best} " in text
    assert "targets = stage2.1.conv2 #" in text
    point(app, 8)
    assert app.world.channel_paths[1].channel == 8
    app.do(ShowChannelPaths())
    assert app.world.channel_paths is None
    assert "sources" not in hover_text(app.world)


def test_others_are_dimmed_in_the_picture(app):
    before = np.asarray(app.picture("front", (320, 180))).astype(int)
    app.do(ShowChannelPaths(LAYER, 5))
    dimmed = np.asarray(app.picture("front", (320, 180))).astype(int)
    assert dimmed.sum() < before.sum()


def test_by_weight_times_activation_it_is_another_share(app):
    app.do(ShowChannelPaths(LAYER, 5))
    weight = app.world.channel_paths[1].sources[node(app, "stage2.0.add")]
    app.do(SetPathDisplay(values="weight × activation", strongest=5))
    paths = app.world.channel_paths[1]
    assert not np.allclose(paths.sources[node(app, "stage2.0.add")], weight)
    assert len(paths.shown[node(app, "stage2.0.add")]) == 5


def test_edited_weights_are_followed(app):
    app.do(ShowChannelPaths(LAYER, 5))
    before = app.world.channel_paths[1].sources[node(app, "stage2.0.add")]
    strongest = int(np.argmax(before))
    app.do(EditKernel(LAYER, output=5, input=strongest))
    assert app.world.channel_paths[1].sources[node(app, "stage2.0.add")][strongest] == 0


def test_a_session_keeps_them(app, tmp_path):
    app.do(ShowChannelPaths(LAYER, 5))
    app.do(SaveSession(tmp_path / "s.vrnn"))
    app.do(ShowChannelPaths(on=False))
    app.do(OpenSession(tmp_path / "s.vrnn"))
    assert app.world.channel_paths[1].channel == 5


def test_what_is_wrong_is_told(app):
    with pytest.raises(VrnnError, match="channels 0 to 31, no channel 32"):
        app.do(ShowChannelPaths(LAYER, 32))
    with pytest.raises(VrnnError, match=r"Ctrl\+D"):
        app.do(SetPathDisplay(strongest=2))
