"""What layers show from afar: made of each pass, chosen by a key, undone, kept, and pointed at."""

import itertools

import numpy as np
import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetColorMapping, SetLayerPictures
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.layers import ArrangeMaps
from vrnn.commands.registry import command_named
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.derived_maps import from_array
from vrnn.network.layer_pictures import LayerPicture, find_layer_picture
from vrnn.network.model_spec import ModelSpec
from vrnn.network.node_layout import layout_nodes
from vrnn.network.picture_kinds import bars, mean_map, portrait, strongest_map
from vrnn.render.picture_store import PICTURE_SIDE
from vrnn.scene.readout import hover_text
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.style.color_mapping import ColorMapping
from vrnn.workspace.distant_pictures import colored, picture_texels

LAYER = "stage2.0.conv1"
SIZE = (480, 270)


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec()], load_config()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def back_to_the_beginning(app):
    yield
    app.do(SetLayerPictures("portrait"))
    app.world.viewer = None


def overview(app):
    return np.asarray(app.picture("overview", SIZE, legend=False).convert("RGB")).astype(int)


def test_portraits_are_seen_at_first_and_the_key_goes_on(app):
    assert app.world.state.distant_picture == "portrait"
    kinds = ["mean", "strongest", "", "portrait"]
    pictures = [overview(app)]
    for kind in kinds:
        app.do(SetLayerPictures())
        assert app.world.state.distant_picture == kind
        pictures.append(overview(app))
    for before, after in itertools.pairwise(pictures):
        assert (np.abs(after - before).max(-1) > 20).mean() > 0.005
    np.testing.assert_array_equal(pictures[0], pictures[-1])
    app.do(Undo())
    assert app.world.state.distant_picture == ""
    np.testing.assert_array_equal(overview(app), pictures[3])
    app.do(Redo())
    np.testing.assert_array_equal(overview(app), pictures[0])


def test_it_has_a_key_and_a_palette_entry_for_each_kind(app):
    info = command_named("display.layer_pictures")
    assert info.key == "L"
    titles = [title for title, _ in SetLayerPictures.variants()]
    assert titles[0] == "Layer pictures: portrait"
    assert titles[-1] == "Layer pictures: maps only"


def test_an_unknown_kind_is_refused(app):
    with pytest.raises(VrnnError, match="layer picture"):
        app.do(SetLayerPictures("nonsense"))


def test_a_session_keeps_the_kind(app, tmp_path):
    app.do(SetLayerPictures("mean"))
    shown = overview(app)
    app.do(SaveSession(tmp_path / "a.json"))
    app.do(SetLayerPictures("portrait"))
    app.do(OpenSession(tmp_path / "a.json"))
    assert app.world.state.distant_picture == "mean"
    np.testing.assert_array_equal(overview(app), shown)


def test_they_follow_the_input(app):
    app.do(SetInputImage(number=1))
    one = overview(app)
    app.do(SetInputImage(number=2))
    two = overview(app)
    assert (np.abs(one - two).max(-1) > 20).mean() > 0.01
    app.do(Undo())
    np.testing.assert_array_equal(overview(app), one)
    app.do(Undo())


def test_near_a_layer_it_changes_nothing(app):
    near = np.asarray(app.picture(f"layer:{LAYER}", (960, 540), legend=False)).astype(int)
    app.do(SetLayerPictures("maps"))
    maps = np.asarray(app.picture(f"layer:{LAYER}", (960, 540), legend=False)).astype(int)
    # Other layers are further away; the middle shows the one that the camera is aimed at.
    assert np.abs(near - maps)[200:340, 400:560].max() <= 2


def test_maps_that_stand_apart_are_no_pictures(app):
    app.do(ArrangeMaps(LAYER, form="line"))
    records = app.world.draw_list().panels[0, 0]
    separate = records[(records["grid"][:, :2] == 1).all(1) & (records["first"] > 0)]
    assert len(separate)
    assert (separate["layer_picture"][:, 0] == 0).all()
    app.do(Undo())


def point_at(app, distance, pixels_per_unit=900.0):
    node = app.world.networks[0].node_ids[LAYER]
    x, y, z, _, height = app.world.placement_frame(0).panel_rect(node).tolist()
    eye = np.array([x + 0.05, y + height / 2 + 0.03, z + distance])
    app.world.viewer = Viewer(eye, pixels_per_unit)
    return app.world.pick(eye, np.array([0.0, 0.0, -1.0]))


def test_pointing_tells_the_layer_from_afar_and_the_channel_near(app):
    hit = point_at(app, 60.0)
    assert (hit.kind, hit.channel, hit.picture) == ("layer", -1, "portrait")
    app.world.hover(hit)
    text = hover_text(app.world)
    assert LAYER in text
    assert text.endswith("portrait")
    near = point_at(app, 1.5)
    assert near.channel >= 0
    assert near.picture == ""
    app.world.hover(near)
    assert "channel" in hover_text(app.world)
    app.world.hover(None)
    app.do(SetLayerPictures("maps"))
    assert point_at(app, 60.0).channel >= 0


def test_centered_colors_make_pictures_of_values_anew(app):
    app.do(SetLayerPictures("mean"))
    before = overview(app)
    app.do(SetColorMapping(symmetric=False))
    assert (np.abs(overview(app) - before).max(-1) > 20).mean() > 0.005
    app.do(Undo())
    np.testing.assert_array_equal(overview(app), before)


def test_a_vector_is_bars_from_the_line_of_zero():
    maps = from_array(np.array([2.0, -1.0, 0.0, 1.0], np.float32).reshape(4, 1, 1))
    picture = bars(maps).values[0]
    quarters = [picture[:, 16 * i : 16 * i + 15] for i in range(4)]
    heights = [(q != 0).mean() for q in quarters]
    assert heights == pytest.approx([2 / 3, 1 / 3, 0.0, 1 / 3], abs=0.05)
    assert quarters[0].max() == 2.0
    tip = (quarters[0] == 2.0).mean(0)
    assert np.ptp(tip) == 0
    assert 0.02 < tip[0] < 0.1
    assert quarters[0][40, 0] == pytest.approx(0.7)  # the rest of a bar is darker
    assert quarters[1].min() == -1.0
    for kind in (portrait, mean_map, strongest_map):
        np.testing.assert_array_equal(kind(maps).values[0], picture)
    spike = np.zeros((1000, 1, 1), np.float32)
    spike[777] = -3.0
    assert bars(from_array(spike)).values.min() == -3.0


def test_mean_and_strongest_map_are_what_they_say():
    values = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    values[3, 2, 2] = -9.0
    maps = from_array(values)
    np.testing.assert_allclose(mean_map(maps).values[0], values.mean(0), atol=1e-2)
    np.testing.assert_allclose(strongest_map(maps).values[0], values[3], atol=1e-2)
    single = from_array(values[:1])
    assert mean_map(single) is strongest_map(single) is portrait(single) is None


def test_texels_of_values_keep_sign_and_mark_what_is_not_finite():
    values = np.array([[[-1.0, 0.0], [np.nan, 2.0]]], np.float32)
    texels, has_values = picture_texels(LayerPicture(values), symmetric=True)
    assert has_values
    corner = PICTURE_SIDE - 1
    assert texels[0, 0, 0] == pytest.approx(64, abs=12)
    assert texels[corner, corner, 0] == pytest.approx(255, abs=3)
    assert texels[corner, 0, 3] < 40
    assert texels[0, corner, 3] > 215


def test_a_picture_of_values_may_have_colors_of_its_own():
    values = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 4, 4)
    picture = colored(LayerPicture(values, color_mapping=ColorMapping(colormap="viridis")))
    assert picture.is_rgb
    assert picture.values[-1, -1].tolist() == pytest.approx([253, 231, 37], abs=6)
    assert not picture_texels(picture, symmetric=True)[1]


def test_nodes_of_a_graph_stand_where_they_are_drawn():
    layout = layout_nodes(3, np.array([[0, 1], [1, 2]]))
    colors = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    texels, _ = picture_texels(LayerPicture(colors), True, layout)
    for node, (x, y) in enumerate(layout.positions):
        shown = texels[int(y * PICTURE_SIDE), int(x * PICTURE_SIDE), :3]
        assert shown.argmax() == node
        assert shown.max() > 200


def test_the_legend_says_what_a_portrait_is():
    text = find_layer_picture("portrait").legend_text
    assert text.startswith("portrait: three principal components")
