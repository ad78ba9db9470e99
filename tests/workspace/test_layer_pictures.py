"""A plug-in outside the package: the mean map of a layer as a picture in place of its maps."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.base import LayerCommand
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.config.loader import load_config
from vrnn.network import layer_pictures
from vrnn.network.derived_maps import fold_channels
from vrnn.network.layer_pictures import LayerPicture, layer_picture
from vrnn.network.model_spec import ModelSpec

LAYER = "stage2.0.conv1"
SIZE = (320, 180)


@dataclass(frozen=True)
class ShowPicture(LayerCommand):
    """Show a layer picture in place of a layer's maps."""

    picture: str = ""

    def changed(self, layer):
        return replace(layer, picture=self.picture)


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec()], load_config()) as opened:
        opened.do(SetInputImage(number=8))
        yield opened


@pytest.fixture(autouse=True)
def plug_in(monkeypatch):
    monkeypatch.setattr(layer_pictures, "_KINDS", dict(layer_pictures._KINDS))
    layer_pictures.register_layer_picture("given", "Given")

    @layer_picture("average", title="Mean of all maps")
    def mean_picture(maps):
        values = maps.values.astype(np.float32) * np.float32(maps.scale)
        return LayerPicture(values.mean(0, keepdims=True))


def uploaded(app):
    node = app.world.networks[0].node_ids[LAYER]
    return app.world.uploaded_pictures.get((0, node))


def pixels(app):
    return np.asarray(app.picture(f"layer:{LAYER}", SIZE)).astype(int)


def test_it_is_shown_follows_the_input_and_is_undone(app):
    before = pixels(app)
    app.do(ShowPicture(LAYER, picture="average"))
    node = app.world.networks[0].node_ids[LAYER]
    maps = app.world.networks[0].maps[node]
    mean = (maps.values.astype(np.float32) * maps.scale).mean(0)
    np.testing.assert_allclose(uploaded(app).picture.values[0], mean, rtol=1e-3, atol=1e-4)
    shown = pixels(app)
    assert np.abs(shown - before).mean() > 2
    store = uploaded(app).store
    app.do(SetInputImage(number=3))
    assert uploaded(app).picture.values.shape == (1, *mean.shape)
    assert np.abs(uploaded(app).picture.values[0] - mean).max() > 1e-3
    assert uploaded(app).store == store
    app.do(Undo(times=2))
    assert uploaded(app) is None
    assert store not in app._renderer.maps.slots
    np.testing.assert_array_equal(pixels(app), before)
    app.do(Redo())
    np.testing.assert_array_equal(pixels(app), shown)
    app.do(Undo())


def test_the_mean_is_stored_as_a_fold_stores_it(app):
    app.do(ShowPicture(LAYER, picture="average"))
    maps = app.world.networks[0].maps[app.world.networks[0].node_ids[LAYER]]
    expected = fold_channels(maps, "mean").block
    np.testing.assert_array_equal(uploaded(app).picture.maps.block, expected)
    app.do(Undo())


def test_one_that_was_given_is_shown_when_it_comes_in_its_colors(app):
    app.do(ShowPicture(LAYER, picture="given"))
    assert uploaded(app) is None
    node = app.world.networks[0].node_ids[LAYER]
    image = np.zeros((12, 12, 3), np.uint8)
    image[..., 0] = 200
    app.world.set_layer_picture(0, node, "given", LayerPicture(image, "red"))
    app.workspace.content.upload()
    assert uploaded(app) is not None
    middle = pixels(app)[90, 160]
    assert abs(middle[0] - 200) < 12
    assert middle[1:].max() < 30
    app.do(Undo())


def test_a_session_keeps_which_picture_is_shown(app, tmp_path):
    app.do(ShowPicture(LAYER, picture="average"))
    app.do(SaveSession(tmp_path / "a.json"))
    shown = pixels(app)
    app.do(Undo())
    assert uploaded(app) is None
    app.do(OpenSession(tmp_path / "a.json"))
    np.testing.assert_array_equal(pixels(app), shown)
    app.do(Undo())


def test_what_a_picture_cannot_be_made_of_is_said_once(app):
    @layer_picture("broken", title="Broken")
    def broken(maps):
        return LayerPicture(np.zeros((0, 1, 1), np.float32))

    app.feed.notes.clear()
    app.do(ShowPicture(LAYER, picture="broken"))
    assert len([note for note in app.feed.notes if "layer picture" in note]) == 1
    app.do(SetInputImage(number=5))
    assert len([note for note in app.feed.notes if "layer picture" in note]) == 1
    app.do(Undo(times=2))
    app.feed.notes.clear()
